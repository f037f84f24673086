# HAProxy, master-worker. Always by reload, never by the run-time API: 2.6 crashes on some orders of commits there and
# resumes the sessions of callers that were just dropped.

haproxy_try() {
  local answer
  if ! answer=$(haproxy -c -C "$1" -f "$1/haproxy.cfg" 2>&1); then
    REASON="haproxy.cfg: haproxy refuses this release: $(complaints "$answer" "$1")"
    return 1
  fi
}

haproxy_start() {
  local deadline=$((SECONDS + 10))
  rm -f "$RUN/master.sock"
  run_server haproxy -W -S "$RUN/master.sock" -C "$RUN/active" -f "$RUN/active/haproxy.cfg" || return 1
  until haproxy_ask; do
    if ! server_alive; then REASON="haproxy ended at its start"; return 1; fi
    if ((SECONDS >= deadline)); then REASON="haproxy did not start within 10 s"; return 1; fi
    sleep 0.05
  done
}

haproxy_reload() {
  local reloads deadline=$((SECONDS + 10))
  haproxy_ask || true
  reloads=$HAPROXY_RELOADS
  kill -s USR2 "$SERVER_PID" || return 1
  while ((SECONDS < deadline)); do
    if ! server_alive; then REASON="haproxy ended while it reloaded"; return 1; fi
    if haproxy_ask && ((HAPROXY_RELOADS > reloads)); then
      ((HAPROXY_FAILED > 0)) || return 0
      REASON="haproxy could not reload and keeps the configuration it had"
      return 1
    fi
    sleep 0.05
  done
  REASON="haproxy did not reload within 10 s"
  return 1
}

haproxy_stop() {
  end_server USR1 25
}

# haproxy_ask: asks the master's `show proc` how many reloads there were and whether the last ones failed.
haproxy_ask() {
  local line
  # shellcheck disable=SC2016  # Perl's variables, not the shell's
  while IFS= read -r line; do
    if [[ $line =~ ^[0-9]+\ +master\ +([0-9]+)\ +\[failed:\ ([0-9]+)\] ]]; then
      HAPROXY_RELOADS=${BASH_REMATCH[1]} HAPROXY_FAILED=${BASH_REMATCH[2]}
      return 0
    fi
  # The master ends the connection once the asking side is shut; while it re-executes itself it may answer nobody.
  done < <(timeout 0.5 perl -MIO::Socket::UNIX -e '
    my $s = IO::Socket::UNIX->new(Peer => shift) or exit 1;
    $s->autoflush(1); print $s "show proc\n"; $s->shutdown(1); print while <$s>;' "$RUN/master.sock" 2>/dev/null)
  return 1
}
