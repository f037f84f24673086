/**
 * The protocol that the proof offers to sidecars by ALPN, before http/1.1. A connection with it is a question of Gatehouse:
 * it passes the admission and never reaches the application, and no audit counts it.
 */
export const PROOF_ALPN = "gatehouse-proof";
