# A service that does its own TLS from /trust. The keeper shares its process namespace, serves nothing itself, signals the
# service when a release has passed the checks, and compares what the service then serves. There is no way back here: the
# service reads the volume itself.

companion_try() {
  return 0
}

# At the keeper's own start the service may have the release already; then a signal would only disturb it.
companion_start() {
  SERVER_PID=1
  if ((${#ENDPOINTS[@]} > 0)) && all_serve "$1" 10 "${ENDPOINTS[@]}"; then return 0; fi
  companion_reload
}

companion_reload() {
  log reloading "$MANIFEST_RELEASE" "SIG$MANIFEST_SIGNAL to the service"
  if ! kill -s "$MANIFEST_SIGNAL" 1; then
    REASON="the service cannot be signalled; the companion must run as the same user in the service's process namespace"
    return 1
  fi
}

companion_stop() {
  return 0
}
