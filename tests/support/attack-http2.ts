// HTTP/2 frames written by hand: client libraries refuse to send what an attacker sends.
export type Field = readonly [name: string, value: string];

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA = 0;
const HEADERS = 1;
const SETTINGS = 4;
const END_STREAM = 1;
const END_HEADERS = 4;

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Literal fields without indexing and without Huffman coding; shorter than 127 octets each. */
const field = ([name, value]: Field): Buffer =>
  Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name, "latin1"),
    Buffer.from([value.length]),
    Buffer.from(value, "latin1"),
  ]);

/** A connection with one request on stream 1: the fields as they are, and a body. */
export function http2Request(fields: readonly Field[], body?: string): Buffer {
  const headers = Buffer.concat(fields.map(field));
  return Buffer.concat([
    Buffer.from(PREFACE, "latin1"),
    frame(SETTINGS, 0, 0, Buffer.alloc(0)),
    frame(HEADERS, END_HEADERS | (body === undefined ? END_STREAM : 0), 1, headers),
    ...(body === undefined ? [] : [frame(DATA, END_STREAM, 1, Buffer.from(body, "latin1"))]),
  ]);
}
