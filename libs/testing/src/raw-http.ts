/** Bytes sent to a server as they are, for what no HTTP client would send. */
import { connect } from 'node:net';
import type { Answer } from './ledger-client.js';

/**
 * Sends one request, which should ask for `Connection: close`, and reads what comes until the server ends the
 * connection. A server may answer and stop listening before it has everything; its answer counts all the same.
 * With `half`, nothing more will be sent, and the server can see it.
 */
export async function exchange<Body = Record<string, unknown>>(
  url: string,
  request: string | Buffer,
  { half = false }: { half?: boolean } = {},
): Promise<Answer<Body>> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const heard: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => heard.push(chunk));
  // A reset after the answer is no news; one instead of it shows below.
  socket.on('error', () => undefined);
  if (half) socket.end(request);
  else socket.write(request);
  await new Promise((resolve) => socket.once('close', resolve));
  const bytes = Buffer.concat(heard);
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) throw new Error(`The server ended the connection with ${bytes.length} bytes of an answer.`);
  const [line = '', ...fields] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = new Headers(
    fields.map((field): [string, string] => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon), field.slice(colon + 1).trim()];
    }),
  );
  const text = bytes.subarray(end + 4).toString('utf8');
  const isJson = /\bjson\b/.test(headers.get('content-type') ?? '');
  return {
    status: Number(line.split(' ')[1]),
    headers,
    text,
    body: (isJson ? JSON.parse(text) : undefined) as Body,
  };
}

/** The head of a request, ended. */
export function head(requestLine: string, headers: Readonly<Record<string, string | number>> = {}): string {
  const lines = Object.entries({ Host: 'localhost', Connection: 'close', ...headers });
  return `${requestLine} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}
