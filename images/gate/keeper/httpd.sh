# Apache httpd. Every directive of the configuration names its files as ${RELEASE}/..., so that one text serves the trial
# (the release's own directory) and the server (the symlink `active`).

# httpd_try DIRECTORY: a trial instance on the trial ports. Only a start runs mod_ssl's whole start-up; `apache2 -t` says
# "Syntax OK" to a wrong key, and the reload that then reads it ends the server.
httpd_try() {
  local pid served=yes deadline=$((SECONDS + 10))
  rm -f "$RUN/trial.pid"
  apache2 -D TRIAL -C "Define RELEASE $1" -f "$1/httpd.conf" -DFOREGROUND >/dev/null 2>"$RUN/trial.log" 9>&- &
  pid=$!
  TRIAL_PID=$pid ALIVE=trial_alive
  SERVES_REASON=''
  until [[ -s $RUN/trial.pid ]] || ! trial_alive || ((SECONDS >= deadline)); do sleep 0.05; done
  trial_alive && all_serve "$1" 10 "${TRIAL[@]}" || served=''
  if ! trial_alive; then
    served=''
    REASON="httpd.conf: httpd does not start with this release: $(complaints "$(<"$RUN/trial.log")" "$1")"
  else
    [[ -n $served ]] || REASON="httpd.conf: the trial instance is wrong: ${SERVES_REASON:-it does not come up}"
    kill -s TERM "$pid" 2>/dev/null || true
  fi
  wait "$pid" 2>/dev/null || true
  rm -f "$RUN/trial.pid" "$RUN/trial.log"
  [[ -n $served ]]
}

trial_alive() {
  kill -0 "$TRIAL_PID" 2>/dev/null
}

httpd_start() {
  rm -f "$RUN/httpd.pid"
  run_server apache2 -C "Define RELEASE $RUN/active" -f "$RUN/active/httpd.conf" -DFOREGROUND || return 1
  until [[ -s $RUN/httpd.pid ]] || ! server_alive; do sleep 0.05; done
  server_alive || { REASON="httpd ended at its start"; return 1; }
}

# The reload is over when a child appears that was not there before: with an unchanged leaf no handshake could tell.
httpd_reload() {
  local before child deadline=$((SECONDS + 10))
  before=" $(httpd_children) "
  kill -s USR1 "$SERVER_PID" || return 1
  while ((SECONDS < deadline)); do
    if ! server_alive; then REASON="httpd ended while it reloaded"; return 1; fi
    for child in $(httpd_children); do
      [[ $before == *" $child "* ]] || return 0
    done
    sleep 0.05
  done
  REASON="httpd did not reload within 10 s"
  return 1
}

httpd_children() {
  cat "/proc/$SERVER_PID/task/$SERVER_PID/children" 2>/dev/null || true
}

httpd_stop() {
  end_server WINCH 25
}
