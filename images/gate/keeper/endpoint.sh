# What a server really serves, asked by a handshake.

# accepts_tcp HOST:PORT
accepts_tcp() {
  local host=${1%:*} port=${1##*:}
  host=${host#[} host=${host%]}
  # shellcheck disable=SC2016  # expanded by the inner bash
  timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$host" "$port" 2>/dev/null
}

# serves DIRECTORY RECORD: does the address answer this name with the leaf of this chain? RECORD is address|name|chain.
serves() {
  local address name chain text sni
  IFS='|' read -r address name chain <<<"$2"
  if [[ -n $name ]]; then sni=(-servername "$name"); else sni=(-noservername); fi
  # A server that demands a client certificate ends the handshake after it has shown its own: the exit code says nothing.
  text=$(timeout 5 openssl s_client -connect "$address" "${sni[@]}" </dev/null 2>&1) || true
  if [[ $text != *'-----BEGIN CERTIFICATE-----'* ]]; then
    SERVES_REASON="$address shows no certificate for ${name:-a caller without a name}"
    return 1
  fi
  read_pem "$1/$chain" || return 1
  if [[ $(body "${text#*-----BEGIN CERTIFICATE-----}") != "$(body "${PEM_TEXT[0]}")" ]]; then
    SERVES_REASON="$address shows another certificate for ${name:-a caller without a name} than the leaf of $chain"
    return 1
  fi
}

# all_serve DIRECTORY SECONDS RECORD...: waits until every endpoint serves its leaf. 1: SERVES_REASON names the one that
# does not. Stops early when the function named by ALIVE says that there is nothing to wait for.
all_serve() {
  local directory=$1 deadline=$((SECONDS + $2)) record
  shift 2
  for record in "$@"; do
    until serves "$directory" "$record"; do
      if ! "$ALIVE" || ((SECONDS >= deadline)) || [[ -n $STOPPING ]]; then return 1; fi
      sleep 0.1
    done
  done
}

# active_addresses: where the active release is served; the health check knocks there.
active_addresses() {
  local record addresses=''
  for record in "${ACTIVE_ENDPOINTS[@]}"; do
    [[ " $addresses " == *" ${record%%|*} "* ]] || addresses+="${addresses:+ }${record%%|*}"
  done
  printf '%s' "$addresses"
}
