import * as z from 'zod';

const label = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';

/** RFC 6066 §3: a DNS name without the dot at its end, never an address. */
const serverNameField = z
  .string()
  .max(253)
  .regex(new RegExp(`^(?=.*[A-Za-z])${label}(?:\\.${label})*$`), 'the name of a host, not an address');

const fileField = z.string().min(1).max(4096);

export const tlsSchema = z
  .strictObject({
    serverName: serverNameField
      .exactOptional()
      .describe('Name to ask for, which the certificate must have; the host of the URL unless given.'),
    caFile: fileField
      .exactOptional()
      .describe("PEM file of the adapter: authorities to trust in place of the system's."),
    verify: z.boolean().default(true).describe('false takes any certificate: for tests only.'),
    certFile: fileField.exactOptional().describe('PEM file of the adapter: the certificate to show.'),
    keyFile: fileField.exactOptional().describe('PEM file of its key, unless that is in certFile.'),
  })
  .refine(
    ({ keyFile, certFile }) => keyFile === undefined || certFile !== undefined,
    'a `certFile` with the `keyFile`',
  )
  .refine(
    ({ verify, caFile }) => verify || caFile === undefined,
    'no `caFile` where nothing is verified: with one, leave out `verify: false`',
  );
