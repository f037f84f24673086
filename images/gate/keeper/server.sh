# The server process: started by the keeper, its death noticed by an event, stopped gracefully with a bound.

SERVER_PID=''
WRAPPER_PID=''

# run_server COMMAND...: in the background; when it ends, the line "exited" arrives among the events.
run_server() {
  local deadline=$((SECONDS + 5))
  rm -f "$RUN/server.pid"
  (
    trap - EXIT
    status=0
    "$@" 9>&- &
    printf '%s\n' $! >"$RUN/server.pid"
    wait $! || status=$?
    echo exited >&9
    exit "$status"
  ) &
  WRAPPER_PID=$!
  until [[ -s $RUN/server.pid ]]; do
    if ((SECONDS > deadline)); then REASON="the server could not be started"; return 1; fi
    sleep 0.02
  done
  SERVER_PID=$(<"$RUN/server.pid")
}

server_alive() {
  [[ -n $SERVER_PID ]] && kill -0 "$SERVER_PID" 2>/dev/null
}

# server_status: the exit code of a server that has ended.
server_status() {
  local status=0
  wait "$WRAPPER_PID" 2>/dev/null || status=$?
  printf '%s' "$status"
}

# end_server SIGNAL SECONDS: asks by SIGNAL, insists after SECONDS.
end_server() {
  local deadline=$((SECONDS + $2))
  server_alive || return 0
  kill -s "$1" "$SERVER_PID" 2>/dev/null || true
  while server_alive; do
    if ((SECONDS >= deadline)); then
      kill -s TERM "$SERVER_PID" 2>/dev/null || true
      sleep 1
      kill -s KILL "$SERVER_PID" 2>/dev/null || true
      break
    fi
    sleep 0.1
  done
  wait "$WRAPPER_PID" 2>/dev/null || true
  SERVER_PID=''
}

# complaints TEXT DIRECTORY: the lines in which a server says what is wrong, as one, without decoration and paths.
complaints() {
  local line found='' last=''
  while IFS= read -r line; do
    last=$line
    case $line in
      *:emerg\]* | *:crit\]* | *'[ALERT]'* | *'Syntax error'* | AH[0-9]* | *'Invalid command'*)
        while [[ $line =~ ^\[[^]]*\]\ *(.*)$ ]]; do line=${BASH_REMATCH[1]}; done
        found+="${found:+; }$line" ;;
    esac
  done <<<"$1"
  [[ -n $found ]] || found=${last:-it gave no reason}
  found=${found//"$2/"/}
  printf '%s' "${found:0:600}"
}
