# The keeper's state, for people (status.json) and for the health check (a plain file: no jq every few seconds).

STATE=''          # starting | pending | active | refused
ACTIVE=''         # the release that is served, or nothing
CANDIDATE=''      # the release that is pending or refused, as far as it is known
REASON=''         # one line: why it is pending or refused
SINCE=''
NO_ROOM="no room left in $RUN"
EXPIRES=''        # end of the first of the active release's certificates and revocation lists to end

# enter STATE EVENT [CANDIDATE REASON]: writes and logs a state; says nothing twice.
enter() {
  local state=$1 event=$2 candidate=${3:-} reason=${4:-}
  reason=${reason//[[:cntrl:]]/ }
  [[ "$state|$candidate|$reason|$ACTIVE" != "$STATE|$CANDIDATE|$REASON|${WRITTEN_ACTIVE:-}" ]] || return 0
  STATE=$state CANDIDATE=$candidate REASON=$reason SINCE=$(iso "$(now)")
  write_status
  log "$event" "${candidate:-$ACTIVE}" "$reason"
}

# write_status: a full tmpfs must not end the keeper, and with it the server. What is in reserve is for this moment.
write_status() {
  if write_state_files || { rm -f "$RUN/reserve"; write_state_files; }; then
    WRITTEN_ACTIVE=$ACTIVE
  else
    WRITTEN_ACTIVE='not written'
    log unwritten "$ACTIVE" "$NO_ROOM: status and health are those of before"
  fi
}

write_state_files() {
  local refused=null pending=null
  [[ $STATE != refused ]] || refused="{\"release\":$(json_or_null "$CANDIDATE"),\"reason\":$(json "$REASON")}"
  [[ $STATE != pending ]] || pending=$(json "$REASON")
  {
    printf '{"release":%s,"state":"%s","refused":%s,"pending":%s,"since":"%s","server":"%s","expires":%s}\n' \
      "$(json_or_null "$ACTIVE")" "$STATE" "$refused" "$pending" "$SINCE" "$SERVER" \
      "$(json_or_null "$(iso "$EXPIRES")")" >"$RUN/status.json.new" &&
      printf '%s\n' "$STATE" "${SERVER_PID:-}" "$EXPIRES" "$(active_addresses)" "$REASON" >"$RUN/health.new" &&
      mv -f "$RUN/health.new" "$RUN/health" &&
      mv -f "$RUN/status.json.new" "$RUN/status.json"
  } 2>/dev/null
}

json_or_null() {
  if [[ -n $1 ]]; then json "$1"; else printf null; fi
}

# The command `status`.
print_status() {
  if [[ -r $RUN/status.json ]]; then cat "$RUN/status.json"; else
    printf '{"release":null,"state":"starting","refused":null,"since":null,"server":null}\n'
  fi
}

# The command `health`: one line; exit code 0 only if the newest release is the one that is served.
health() {
  local state pid expires addresses reason address
  if [[ ! -r $RUN/health ]]; then
    echo "starting: the keeper has not looked at its release yet"
    return 1
  fi
  { read -r state; read -r pid; read -r expires; read -r addresses; read -r reason; } <"$RUN/health" || true
  if [[ $state != active ]]; then
    echo "$state: ${reason:-no release yet}"
    return 1
  fi
  if ! kill -0 "$pid" 2>/dev/null; then
    echo "down: the server process is gone"
    return 1
  fi
  if [[ -n $expires && ! $(now) < $expires ]]; then
    echo "expired: a certificate or revocation list of the active release ended at $expires"
    return 1
  fi
  for address in $addresses; do
    if ! accepts_tcp "$address"; then
      echo "down: nothing answers at $address"
      return 1
    fi
  done
  echo "active"
}
