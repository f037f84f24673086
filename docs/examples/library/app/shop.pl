# A shop in plain HTTP. It says who called: the sidecar has verified that, and lets no caller write it.
use strict;
use warnings;
use IO::Socket::INET;

$SIG{TERM} = sub { exit 0 };
my $server = IO::Socket::INET->new(LocalPort => 8000, Listen => 16, ReuseAddr => 1) or die "no port: $!";
while (my $client = $server->accept) {
  my $caller = 'nobody';
  while (my $line = <$client>) {
    $caller = $1 if $line =~ /^x-gatehouse-caller:\s*(\S+)/i;
    last if $line =~ /^\r?\n$/;
  }
  my $body = "$ENV{SHOP} was called by $caller\n";
  print $client "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ", length $body,
    "\r\nConnection: close\r\n\r\n$body";
  close $client;
}
