/**
 * NUMBERS of a process for Prometheus, at GET /metrics. Like /health they are shown to anybody who reaches the address:
 * names of ledgers and of routes, counts and times, nothing of what a ledger holds. Each process (and each application of
 * a test) has numbers of its own.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { FastifyInstance } from 'fastify';

/** Seconds. */
const HTTP_BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const COMMIT_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const RECOVERY_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300];

export interface QueueLength {
  ledger: string;
  commands: number;
  bytes: number;
}

/** How far the copy of a ledger is. */
interface Lag {
  ledger: string;
  sequence: number;
  behind: number | null;
  behindSeconds: number;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #http = this.#add(
    new Histogram({
      name: 'incident_ledger_http_request_duration_seconds',
      help: 'From the headers of a request to the end of its answer, by the pattern of its route.',
      labelNames: ['method', 'route', 'status'],
      buckets: HTTP_BUCKETS,
      registers: [],
    }),
  );
  readonly #dropped = this.#add(
    new Counter({
      name: 'incident_ledger_connections_dropped_total',
      help: 'Connections that were hung up on, because there were too many.',
      registers: [],
    }),
  );

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** As Prometheus reads it, and the content type of it. */
  async text(): Promise<{ type: string; text: string }> {
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  answered(labels: { method: string; route: string; status: number }, seconds: number): void {
    this.#http.observe(labels, seconds);
  }

  connectionDropped(): void {
    this.#dropped.inc();
  }

  /** 1 for the state that /health/ready names, 0 for the others. */
  showState<S extends string>(states: readonly S[], now: () => Promise<S>): void {
    this.#gauge('incident_ledger_state', 'What /health/ready says: 1 for the state it names.', ['state'], async () => {
      const current = await now();
      return states.map((state) => ({ labels: { state }, value: state === current ? 1 : 0 }));
    });
  }

  /** What a writer of ledgers is to be given as its observer. `queues` is asked when somebody looks. */
  watchWriters(queues: () => QueueLength[]): WriterNumbers {
    const perLedger = (name: string, help: string, valueOf: (queue: QueueLength) => number): void =>
      this.#gauge(name, help, ['ledger'], async () =>
        queues().map((queue) => ({ labels: { ledger: queue.ledger }, value: valueOf(queue) })),
      );
    perLedger('incident_ledger_queue_commands', 'Commands that wait for a round.', ({ commands }) => commands);
    perLedger('incident_ledger_queue_bytes', 'Bytes of the commands that wait for a round.', ({ bytes }) => bytes);
    return new WriterNumbers((metric) => this.#add(metric));
  }

  /** How far read models are behind the log. */
  watchProjections(health: () => Promise<Lag[]>): void {
    const perLedger = (name: string, help: string, valueOf: (lag: Lag) => number | null): void =>
      this.#gauge(name, help, ['ledger'], async () =>
        (await health()).flatMap((lag) => {
          const value = valueOf(lag);
          return value === null ? [] : [{ labels: { ledger: lag.ledger }, value }];
        }),
      );
    perLedger(
      'incident_ledger_projection_lag_records',
      'Records that follow in the log; none where it does not say.',
      ({ behind }) => behind,
    );
    perLedger(
      'incident_ledger_projection_lag_seconds',
      'How long ago the read models were last at the end of the log; 0 while they are.',
      ({ behindSeconds }) => behindSeconds,
    );
    perLedger('incident_ledger_projection_sequence', 'The last record in the read models.', ({ sequence }) => sequence);
  }

  /** How many things were found on the topic of a ledger that it did not write. */
  watchQuarantine(found: () => ReadonlyMap<string, { count: number }>): void {
    this.#gauge(
      'incident_ledger_quarantined_records',
      'What stands on the topic of the ledger and is not its own; at most 1000 are counted.',
      ['ledger'],
      async () => [...found()].map(([ledger, { count }]) => ({ labels: { ledger }, value: count })),
    );
  }

  /** A gauge whose values are asked for each time that somebody looks; what is no longer told of is gone. */
  #gauge(
    name: string,
    help: string,
    labelNames: string[],
    ask: () => Promise<{ labels: Record<string, string>; value: number }[]>,
  ): void {
    const gauge: Gauge = this.#add(
      new Gauge({
        name,
        help,
        labelNames,
        registers: [],
        async collect() {
          const now = await ask();
          gauge.reset();
          for (const { labels, value } of now) gauge.set(labels, value);
        },
      }),
    );
  }

  #add<M extends Counter | Gauge | Histogram>(metric: M): M {
    this.#registry.registerMetric(metric);
    return metric;
  }
}

/** What the writer of ledgers does, in numbers: it is told of it (`WriterObserver` of libs/ledger). */
export class WriterNumbers {
  readonly #commits: Histogram;
  readonly #records: Counter;
  readonly #commands: Counter;
  readonly #recoveries: Histogram;
  readonly #fences: Counter;
  readonly #doubts: Counter;

  constructor(add: <M extends Counter | Histogram>(metric: M) => M) {
    const of = (name: string, help: string, labelNames: string[]) => ({ name, help, labelNames, registers: [] });
    this.#commits = add(
      new Histogram({
        ...of(
          'incident_ledger_commit_duration_seconds',
          'A round, from when its commands are taken from the queue until they are durable, proved and answered.',
          ['ledger'],
        ),
        buckets: COMMIT_BUCKETS,
      }),
    );
    this.#records = add(
      new Counter(of('incident_ledger_records_appended_total', 'Records that this process appended.', ['ledger'])),
    );
    this.#commands = add(
      new Counter(
        of(
          'incident_ledger_commands_total',
          'Commands by what became of them: accepted (repeats too), unchanged, refused (by the rules), or the code of the failure.',
          ['ledger', 'outcome'],
        ),
      ),
    );
    this.#recoveries = add(
      new Histogram({
        ...of(
          'incident_ledger_recovery_duration_seconds',
          'Terms taken, and how long it took to take one and read what the log holds: all of it (replay), from a snapshot, or from where this process was (tail).',
          ['ledger', 'how'],
        ),
        buckets: RECOVERY_BUCKETS,
      }),
    );
    this.#fences = add(
      new Counter(of('incident_ledger_fences_total', 'Terms lost because another process took the next.', ['ledger'])),
    );
    this.#doubts = add(
      new Counter(of('incident_ledger_doubts_total', 'Rounds that ended without an answer of the log.', ['ledger'])),
    );
  }

  committed(ledger: string, { ms, records }: { ms: number; records: number }): void {
    this.#commits.observe({ ledger }, ms / 1_000);
    this.#records.inc({ ledger }, records);
  }

  answered(ledger: string, outcome: string): void {
    this.#commands.inc({ ledger, outcome });
  }

  recovered(ledger: string, { how, ms }: { how: string; ms: number }): void {
    this.#recoveries.observe({ ledger, how }, ms / 1_000);
  }

  fenced(ledger: string): void {
    this.#fences.inc({ ledger });
  }

  inDoubt(ledger: string): void {
    this.#doubts.inc({ ledger });
  }
}

/** Counts every answer, and tells the counts. */
export function serveMetrics(fastify: FastifyInstance, metrics: Metrics): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions } = request;
    const labels = { method, route: routeOptions.url ?? 'none', status: reply.statusCode };
    metrics.answered(labels, reply.elapsedTime / 1_000);
    done();
  });
  fastify.get('/metrics', async (_request, reply) => {
    const { type, text } = await metrics.text();
    return reply.header('content-type', type).header('cache-control', 'no-store').send(text);
  });
}
