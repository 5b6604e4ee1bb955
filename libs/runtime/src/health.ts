/**
 * HOW A PROCESS STANDS, in one word and with what to do: /health/ready whether it can do what it is for, /health/live
 * whether it should be started anew.
 *
 * An *outage* is that something it depends on cannot be reached: waiting helps, starting anew does not. A *stall* is that
 * nothing goes on although everything can be reached. Only a stall of ours that lasts is a reason to be started anew.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Controller, Get, Inject, Module, Res, type DynamicModule } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Metrics } from './metrics.js';

/** Of several troubles the first of these words is the process' state. */
export const STATES = ['stopping', 'outage', 'broken', 'stalled', 'starting', 'ready'] as const;
export type State = (typeof STATES)[number];

/** Everything that can be wrong, and which state it is. Each has its section in docs/runbook.md. */
export const TROUBLES = {
  'process-stopping': 'stopping',
  'kafka-away': 'outage',
  'group-away': 'outage',
  'database-away': 'outage',
  'storage-full': 'outage',
  'projection-waiting': 'outage',
  'projection-stopped': 'broken',
  'projection-stalled': 'stalled',
  'writer-stalled': 'stalled',
  'transaction-hung': 'stalled',
  'loop-hung': 'stalled',
  'not-reached-yet': 'starting',
  'not-a-member': 'starting',
  'tables-missing': 'starting',
} as const satisfies Record<string, State>;

export interface Trouble {
  code: keyof typeof TROUBLES;
  /** A sentence. */
  reason: string;
  ledger?: string;
}

/** How a process stands: what is wrong, and whatever else helps whoever looks. */
export interface Standing {
  troubles: readonly Trouble[];
  details?: object;
}

export interface HealthOptions {
  standing: () => Standing | Promise<Standing>;
  /** What of ours has not turned for so long that only a new start helps, in sentences. */
  hung?: () => string[];
  /** Also told the state. */
  metrics?: Metrics;
}

/** Whoever asks how things stand is not kept waiting. */
const ANSWER_MS_MAX = 1_000;

const OPTIONS = Symbol('health');

@Controller('health')
class HealthController {
  constructor(@Inject(OPTIONS) private readonly options: HealthOptions) {}

  /** 200 as long as the process answers and is not hung. */
  @Get('live')
  async live(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const hung = this.options.hung?.() ?? [];
    // Who waits for something that is away is not to blame, however long it waits.
    const isOurs = hung.length > 0 && stateOf((await this.options.standing()).troubles) !== 'outage';
    void reply.code(isOurs ? 503 : 200).header('cache-control', 'no-store');
    if (!isOurs) return { live: true };
    return { live: false, troubles: hung.map((reason) => shown({ code: 'loop-hung', reason })) };
  }

  /** 200 while all is well, else 503 with the reason. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const { troubles, details } = await this.options.standing();
    const state = stateOf(troubles);
    const ready = state === 'ready';
    void reply.code(ready ? 200 : 503).header('cache-control', 'no-store');
    return {
      ready,
      state,
      ...(!ready && { trouble: troubles.map(({ reason }) => reason).join(' '), troubles: troubles.map(shown) }),
      ...details,
    };
  }
}

@Module({})
export class HealthModule {
  static with(options: HealthOptions): DynamicModule {
    options.metrics?.showState(STATES, async () => stateOf((await options.standing()).troubles));
    return {
      module: HealthModule,
      controllers: [HealthController],
      providers: [{ provide: OPTIONS, useValue: options }],
    };
  }
}

function stateOf(troubles: readonly Trouble[]): State {
  return STATES.find((state) => troubles.some(({ code }) => TROUBLES[code] === state)) ?? 'ready';
}

/** A trouble with the place that says what to do about it. */
function shown(trouble: Trouble): Trouble & { runbook: string } {
  return { ...trouble, runbook: `docs/runbook.md#${trouble.code}` };
}

/**
 * Asks something again and again whether it answers; says why not, or undefined. One question at a time, however many
 * want to know, and none is waited for for long.
 */
export function reachable(ask: () => Promise<unknown>): () => Promise<string | undefined> {
  let asked: Promise<string | undefined> | undefined;
  return () => {
    asked ??= ask()
      .then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      )
      .finally(() => (asked = undefined));
    return Promise.race([asked, pause(ANSWER_MS_MAX, 'it does not answer', { ref: false })]);
  };
}
