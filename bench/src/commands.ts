/**
 * What is sent to a server under measurement: a ledger with something in it to speak about, then one statement after
 * another, from 64 connections at once or one at a time. Any answer but 201 ends the measurement: it would count nothing.
 */
import { connect, type Socket } from 'node:net';
import autocannon from 'autocannon';

export interface Server {
  url: string;
  /** An API key that may do everything. */
  key: string;
}

/** Of one stretch of load. */
export interface Load {
  /** Commands answered with 201 in a second. */
  perSecond: number;
  acknowledged: number;
  p50Ms: number;
  p99Ms: number;
}

const LEDGER = '/v1/ledgers/bench';
/** So that no incident gets more statements than one that the world talks about. */
const INCIDENTS = 1_024;
const BODY_BYTES = 612;

const incident = (index: number): string => `incident-${String(index % INCIDENTS).padStart(4, '0')}`;

/** A statement with two claims, BODY_BYTES long; without an id, so each sending of it is another one. */
export function statementBody(index: number): string {
  const about = { incident: incident(index) };
  const body = (quote: string): string =>
    JSON.stringify({
      document: 'briefing',
      speaker: 'centcom',
      form: 'reported',
      quote: { text: quote, language: 'en' },
      locator: 'paragraph 3',
      claims: [
        { predicate: 'injured', about, stance: 'asserts', value: { low: 0, best: 0, high: 0 }, words: 'no injuries' },
        {
          predicate: 'munitions',
          about,
          stance: 'asserts',
          value: { munition: 'rocket', low: 1, best: 1, high: 1, of: { 'fell-nearby': 1 } },
          words: 'One rocket struck in the vicinity',
        },
      ],
    });
  const quote = 'One rocket struck in the vicinity of the coalition outpost; an additional rocket was found. ';
  const room = BODY_BYTES - Buffer.byteLength(body(''));
  return body(quote.repeat(Math.ceil(room / quote.length)).slice(0, room - 1) + '.');
}

/** Opens the ledger and records what the statements name. */
export async function furnish(server: Server): Promise<void> {
  await post(server, 'open', { origin: { title: 'Measurement', keeper: 'npm run bench' } });
  await post(server, 'actors', { id: 'us', names: [{ text: 'United States' }], kind: 'state' });
  await post(server, 'actors', { id: 'centcom', names: [{ text: 'Centcom' }], kind: 'armed-force', partOf: 'us' });
  await post(server, 'documents', { id: 'briefing', publisher: 'centcom', kind: 'full', title: 'Briefing' });
  const parties = [{ actor: 'us', side: 'target' }];
  for (let first = 0; first < INCIDENTS; first += 64) {
    const some = Array.from({ length: 64 }, (_, index) => incident(first + index));
    await Promise.all(some.map((id) => post(server, 'incidents', { id, kind: 'single', method: 'rocket', parties })));
  }
}

async function post({ url, key }: Server, collection: string, body: object): Promise<void> {
  const response = await fetch(`${url}${LEDGER}/${collection}`, {
    method: 'POST',
    headers: headersWith(key),
    body: JSON.stringify(body),
  });
  if (response.status !== 201) throw new Error(`${collection}: ${response.status} ${await response.text()}`);
  await response.body?.cancel();
}

function headersWith(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
}

/** As many commands as the server takes from so many connections, each of which waits for its answer. */
export async function underLoad({ url, key }: Server, connections: number, seconds: number): Promise<Load> {
  let connection = 0;
  const each = INCIDENTS / connections;
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    setupClient(client) {
      const first = connection * each;
      connection += 1;
      client.setRequests(
        Array.from({ length: each }, (_, index) => ({
          method: 'POST',
          path: `${LEDGER}/statements`,
          headers: headersWith(key),
          body: statementBody(first + index),
        })),
      );
    },
  });
  const acknowledged = result['2xx'];
  if (result.non2xx + result.errors > 0 || acknowledged === 0) {
    throw new Error(`Under load ${acknowledged} accepted, ${result.non2xx} refused, ${result.errors} broken off.`);
  }
  return {
    acknowledged,
    perSecond: acknowledged / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
  };
}

/**
 * Sends one command after another over one connection. On the bare socket: Node's own HTTP client takes as long as the
 * server, and what is measured is the server.
 */
export class OneByOne {
  readonly #socket: Socket;
  #sent = 0;
  #waiting: { resolve: (position: number) => void; reject: (reason: Error) => void } | undefined;
  #received = '';

  constructor(private readonly server: Server) {
    const { hostname, port } = new URL(server.url);
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (chunk: string) => this.#receive(chunk));
    this.#socket.on('error', (error) => this.#waiting?.reject(error));
    this.#socket.on('close', () => this.#waiting?.reject(new Error('The server closed the connection.')));
  }

  /** The position of the record that it made. */
  send(): Promise<number> {
    this.#sent += 1;
    const body = statementBody(this.#sent);
    const headers = {
      host: new URL(this.server.url).host,
      ...headersWith(this.server.key),
      'content-length': body.length,
    };
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write([`POST ${LEDGER}/statements HTTP/1.1`, ...head, '', body].join('\r\n'), 'latin1');
    });
  }

  #receive(chunk: string): void {
    this.#received += chunk;
    const end = this.#received.indexOf('\r\n\r\n');
    const [, length] = /^content-length: (\d+)/im.exec(this.#received.slice(0, Math.max(end, 0))) ?? [];
    if (length === undefined || this.#received.length < end + 4 + Number(length)) return;
    const text = this.#received;
    this.#received = '';
    if (text.startsWith('HTTP/1.1 201 ')) {
      this.#waiting?.resolve((JSON.parse(text.slice(end + 4)) as { position: number }).position);
    } else this.#waiting?.reject(new Error(text));
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }
}

/** The last position that the server's read models hold. */
export async function readPosition({ url, key }: Server): Promise<number> {
  const response = await fetch(`${url}${LEDGER}`, { headers: { authorization: `Bearer ${key}` } });
  if (response.status === 404) return 0;
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return ((await response.json()) as { sequence: number }).sequence;
}
