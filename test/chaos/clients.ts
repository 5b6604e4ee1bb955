/**
 * CLIENTS: send acts to a ledger over HTTP, through any node, and note what they are told. Whoever is not told what became
 * of a command sends it again later, with the same Idempotency-Key, until they are.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { ActName } from '#domain';
import type { Beside } from '../../libs/testing/src/ledger-client.js';
import { ask, askAll, type Caller, type Node, type Sent } from './asking.js';
import type { Choices } from './choices.js';
import type { Call, Told } from './history.js';

const BATCH_CHANCE = 0.06;
const BATCH_LINES_MAX = 60;
/** So many that nothing new is asked before some of them are answered. */
const OPEN_MANY = 60;
const THINK_MS_MAX = 120;
/** Whoever is not answered does not ask again at once, or would do little else. */
const DISMAY_MS = 250;
const SETTLE_PAUSE_MS = 100;
/** Actors are known by few numbers at first, so that clients meet; later there must be new ones. */
const ACTORS_MIN = 20;
const ACTORS_A_SECOND = 4;
/** Incidents that everybody corrects. */
const HOT_INCIDENTS = 4;

/** What those who write one ledger know of it; it may be wrong. */
export class World {
  readonly began = performance.now();
  readonly incidents = new Map<string, { version: number; title: string }>();
  readonly calls: Call[] = [];

  constructor(readonly ledger: string) {}

  get actorsMax(): number {
    return ACTORS_MIN + Math.floor(((performance.now() - this.began) / 1_000) * ACTORS_A_SECOND);
  }
}

export class Client {
  /** Not told yet what became of them. */
  readonly #open: Sent[] = [];
  readonly #accepted: Sent[] = [];
  #count = 0;

  constructor(
    readonly name: string,
    private readonly world: World,
    private readonly key: { recorder: string; text: string },
    private readonly nodes: readonly Node[],
    private readonly choices: Choices,
  ) {}

  get unresolved(): number {
    return this.#open.length;
  }

  /** Opens the ledger, with a first few things in it. */
  async begin(msMax: number): Promise<void> {
    const { ledger } = this.world;
    for (const first of [
      this.#new('open-ledger', { origin: { title: `Chaos in ${ledger}` } }),
      this.#new('register-actor', namedActor('actor-0')),
      this.#new('register-document', citation('document-0')),
    ]) {
      await this.#send(first);
      await this.settle(msMax);
    }
  }

  async run(goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      await pause(this.choices.whole(0, THINK_MS_MAX));
      const isTold = await (this.choices.chance(BATCH_CHANCE)
        ? this.#sendBatch(this.#someNext())
        : this.#send(this.#next()));
      if (!isTold) await pause(DISMAY_MS);
    }
  }

  /** @throws Error if something has no answer by then */
  async settle(msMax: number): Promise<void> {
    const deadline = performance.now() + msMax;
    while (this.#open.length > 0) {
      if (performance.now() > deadline) {
        throw new Error(
          `${this.name} is not told what became of ${this.#open[0]?.beside.commandKey}, although all is well again.`,
        );
      }
      const some = this.#open.splice(0, BATCH_LINES_MAX);
      const isTold = await (some.length > 1 ? this.#sendBatch(some) : this.#send(some[0] as Sent));
      if (!isTold) await pause(SETTLE_PAUSE_MS);
    }
  }

  #someNext(): Sent[] {
    const some = new Set<Sent>();
    for (let n = this.choices.whole(1, BATCH_LINES_MAX); n > 0; n -= 1) some.add(this.#next());
    return [...some];
  }

  #next(): Sent {
    if (this.#open.length > 0 && this.choices.chance(this.#open.length > OPEN_MANY ? 1 : 0.3)) {
      const [sent] = this.#open.splice(this.choices.whole(0, this.#open.length - 1), 1);
      if (sent !== undefined) return sent;
    }
    const what = this.choices.weighted({
      actor: 14,
      incident: 10,
      correction: 34,
      'stale correction': 6,
      'needless correction': 8,
      statement: 14,
      repeat: 8,
      'key again': 3,
      'unknown incident': 3,
    });
    switch (what) {
      case 'actor':
        return this.#new('register-actor', namedActor(this.#someActor()));
      case 'incident':
        return this.#newIncident();
      case 'correction':
        return this.#correction(0, true);
      case 'stale correction':
        return this.#correction(this.choices.whole(1, 3), true);
      case 'needless correction':
        return this.#correction(0, false);
      case 'statement':
        return this.#statement();
      case 'unknown incident':
        return this.#correct(`incident-unknown-${this.choices.whole(0, 9)}`, 1, 'There is none');
      case 'repeat':
        return this.#accepted.length === 0 ? this.#newIncident() : this.choices.one(this.#accepted);
      case 'key again': {
        if (this.#accepted.length === 0) return this.#newIncident();
        const { beside } = this.choices.one(this.#accepted);
        const another = this.#newIncident();
        return { ...another, beside: { commandKey: beside.commandKey } };
      }
    }
  }

  #new(act: ActName, body: object, beside: Beside = {}): Sent {
    this.#count += 1;
    return { act, body, beside: { ...beside, commandKey: `${this.name}.${this.#count}` } };
  }

  #someActor(): string {
    return `actor-${this.choices.whole(0, this.world.actorsMax)}`;
  }

  #newIncident(): Sent {
    const id = this.choices.chance(0.2)
      ? `incident-${this.choices.whole(0, HOT_INCIDENTS - 1)}`
      : `incident-${this.name}-${this.#count}`;
    const parties = this.choices.chance(0.5) ? [{ actor: this.#someActor(), side: 'target' }] : [];
    return this.#new('record-incident', { id, ...card(`${id} at first`), parties });
  }

  #correction(behind: number, isNew: boolean): Sent {
    const ids = [...this.world.incidents.keys()];
    if (ids.length === 0) return this.#newIncident();
    const id = this.choices.one(this.choices.chance(0.7) ? ids.slice(0, HOT_INCIDENTS) : ids);
    const { version, title } = this.world.incidents.get(id) ?? { version: 1, title: '' };
    return this.#correct(id, Math.max(1, version - behind), isNew ? `${id} by ${this.name}.${this.#count}` : title);
  }

  #correct(id: string, version: number, title: string): Sent {
    return this.#new('correct-incident', { ...card(title), reason: 'Chaos.' }, { id, ifMatch: `"${version}"` });
  }

  #statement(): Sent {
    const ids = [...this.world.incidents.keys()];
    const incident =
      ids.length === 0 || this.choices.chance(0.15) ? `incident-${this.choices.whole(0, 9)}` : this.choices.one(ids);
    const dead = this.choices.whole(0, 9);
    const text = `${dead} were killed, says ${this.name}`;
    return this.#new('record-statement', {
      id: `statement-${this.name}-${this.#count}`,
      document: 'document-0',
      speaker: this.#someActor(),
      form: 'direct',
      quote: { text: this.choices.chance(0.3) ? { private: true, text } : text, language: 'en' },
      claims: [
        {
          predicate: 'killed',
          about: { incident },
          stance: 'asserts',
          who: { side: 'target' },
          value: { low: dead, best: dead, high: dead },
        },
      ],
    });
  }

  /** Whether somebody said what became of it. */
  async #send(sent: Sent): Promise<boolean> {
    const told = await ask(this.world, this.#caller, this.choices.one(this.nodes), sent, this.#patienceMs());
    this.#learn(sent, told);
    return told.kind !== 'unknown';
  }

  /** What it is not told of is sent again, alone or in another batch. */
  async #sendBatch(batch: readonly Sent[]): Promise<boolean> {
    const told = await askAll(this.world, this.#caller, this.choices.one(this.nodes), batch, this.#patienceMs());
    for (const [index, one] of told.entries()) this.#learn(batch[index] as Sent, one);
    return told.at(-1)?.kind !== 'unknown';
  }

  get #caller(): Caller {
    return { name: this.name, ...this.key };
  }

  #patienceMs(): number {
    return this.choices.whole(1_500, 9_000);
  }

  #learn(sent: Sent, told: Told): void {
    const { act, body, beside } = sent;
    if (told.kind === 'unknown') this.#open.push(sent);
    if (told.kind === 'accepted' || told.kind === 'done') {
      if (!this.#accepted.includes(sent)) this.#accepted.push(sent);
    }
    if (told.kind === 'accepted' && (act === 'record-incident' || act === 'correct-incident')) {
      const known = this.world.incidents.get(told.entity);
      const { title } = body as { title: string };
      if (told.version > (known?.version ?? 0)) this.world.incidents.set(told.entity, { version: told.version, title });
    }
    if (told.kind === 'done' && act === 'record-incident') {
      const { id, title } = body as { id: string; title: string };
      if (!this.world.incidents.has(id)) this.world.incidents.set(id, { version: 1, title });
    }
    if (told.kind === 'refused' && told.code === 'wrong-version') {
      const [current] = told.details['current'] as { entity: string; version: number }[];
      const known = this.world.incidents.get(beside.id ?? '');
      if (current !== undefined && known !== undefined && current.version > known.version) {
        known.version = current.version;
      }
    }
  }
}

function namedActor(id: string): object {
  return { id, kind: 'state', names: [{ text: `The actor ${id}` }] };
}

function citation(id: string): object {
  return { id, publisher: 'actor-0', kind: 'citation', title: 'A report' };
}

function card(title: string): { title: string; kind: string; method: string; parties: object[] } {
  return { title, kind: 'single', method: 'rocket', parties: [] };
}
