import { z } from "zod";

import { REVOCATION_REASONS, type RevocationReason } from "../../components/pki/revocation";

const REASONS = Object.keys(REVOCATION_REASONS) as [RevocationReason, ...RevocationReason[]];

/** A list, not a map: in the order in which it was written, and one serial number can be in both hierarchies. */
export const revokedSchema = z
  .array(
    z
      .strictObject({
        serial: z
          .string()
          .min(1)
          .describe(
            'Serial number as `gatehouse trust --json` shows it: upper-case hexadecimal, in quotes, e.g. "7F3A"',
          ),
        authority: z.enum(["services", "users"]).describe("Hierarchy that issued it: services, or people and devices"),
        name: z.string().min(1).optional().describe("Whose it was, for those who read this. Default: none"),
        at: z.string().min(1).describe('When it was revoked, e.g. "2030-01-31T10:00:00Z"'),
        reason: z.enum(REASONS).describe("Why, in the words of RFC 5280, e.g. keyCompromise"),
        until: z
          .string()
          .min(1)
          .describe('When it ends by itself, e.g. "2030-03-31T10:00:00Z"; the entry may be removed afterwards'),
      })
      .describe("One certificate that is refused from the next update on"),
  )
  .default([])
  .describe("Certificates that are refused though they have not expired; `gatehouse revoke` writes entries");
