/** What the measurement uses of autocannon, which comes without types. */
declare module 'autocannon' {
  interface Request {
    method: 'POST';
    path: string;
    headers: Readonly<Record<string, string>>;
    body: string;
  }

  interface Client {
    /** What this connection sends, one after another, again and again. */
    setRequests(requests: readonly Request[]): void;
  }

  interface Options {
    url: string;
    connections: number;
    /** Seconds. */
    duration: number;
    setupClient: (client: Client) => void;
  }

  interface Result {
    '2xx': number;
    non2xx: number;
    /** Connections that broke, time-outs included. */
    errors: number;
    /** Seconds. */
    duration: number;
    /** Milliseconds. */
    latency: { p50: number; p99: number };
  }

  export default function autocannon(options: Options): Promise<Result>;
}
