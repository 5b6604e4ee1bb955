/**
 * SOMEBODY WHO IMPORTS while all this goes on: `npm run import` of one made-up release of a data set after the other, killed at
 * random and begun again with the same journal until it is through. Its ledger is its own.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LedgerRecord } from '#domain';
import { csvOf, event } from '../../apps/importer/src/made-up.fixture.js';
import { ask, type Node } from './asking.js';
import type { Choices } from './choices.js';
import { faultsOfLog } from './checker.js';
import type { Call } from './history.js';
import { program, Server } from './server.js';

export const IMPORTED = 'imported';

const ROWS = 400;
const KILLED_AFTER_MS = [300, 4_000] as const;
const PATIENCE_SECONDS = 120;
const ANSWER_MS_MAX = 9_000;

export class Importer {
  readonly #calls: Call[] = [];
  #release = 0;
  /** By the id of its incident, how many were killed by the newest release that is through. */
  #deaths = new Map<string, number>();
  #runs = 0;

  constructor(
    private readonly folder: string,
    private readonly nodes: readonly Node[],
    private readonly key: { recorder: string; text: string },
    private readonly choices: Choices,
  ) {}

  /** How often the command was begun, and how many releases are through. */
  get counts(): { runs: number; releases: number } {
    return { runs: this.#runs, releases: this.#release };
  }

  async begin(): Promise<void> {
    const node = this.choices.one(this.nodes);
    const open = {
      act: 'open-ledger',
      body: { origin: { title: 'Chaos of imports' } },
      beside: { commandKey: 'open' },
    } as const;
    const told = await ask(
      { ledger: IMPORTED, calls: this.#calls },
      { name: 'importer', ...this.key },
      node,
      open,
      ANSWER_MS_MAX,
    );
    if (told.kind !== 'accepted') throw new Error(`The ledger ${IMPORTED} was not opened: ${JSON.stringify(told)}.`);
  }

  async run(goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      const deaths = this.#deathsOf(this.#release + 1);
      const file = await this.#fileOf(this.#release + 1, deaths);
      let isThrough = false;
      while (!isThrough && goesOn())
        isThrough = (await this.#import(file, this.choices.whole(...KILLED_AFTER_MS))) === 0;
      if (!isThrough) return;
      this.#deaths = deaths;
      this.#release += 1;
    }
  }

  /** Brings the release under way to its end. @throws Error if it cannot be done in time */
  async settle(msMax: number): Promise<void> {
    const deaths = this.#deathsOf(this.#release + 1);
    const code = await this.#import(await this.#fileOf(this.#release + 1, deaths), msMax);
    if (code !== 0)
      throw new Error(`An import ended with ${code ?? 'nothing'}, although all is well again: see import.log.`);
    this.#deaths = deaths;
    this.#release += 1;
  }

  /** What is wrong with its ledger, in words: every row is in it once, with the figure of the last release. */
  violations(records: readonly LedgerRecord[]): string[] {
    const found = faultsOfLog(records);
    const said = new Map<string, number>();
    for (const record of records) {
      if (record.name !== 'StatementRecorded') continue;
      for (const { predicate, about, who, value } of record.data.statement.claims) {
        const isTotal = predicate === 'killed' && who?.side === undefined && who?.category === undefined;
        if (isTotal && 'incident' in about) said.set(about.incident, (value as { best: number }).best);
      }
    }
    for (const [incident, best] of this.#deaths) {
      if (said.get(incident) !== best) {
        found.push(`${incident} has ${best} killed in the file and ${said.get(incident)} in the log.`);
      }
    }
    const incidents = records.filter(({ name }) => name === 'IncidentRecorded').length;
    if (incidents !== this.#deaths.size) found.push(`${this.#deaths.size} rows became ${incidents} incidents.`);
    return found;
  }

  /** The command once more. @returns what is wrong if it does not end well */
  async again(): Promise<string[]> {
    const code = await this.#import(await this.#fileOf(this.#release, this.#deaths), PATIENCE_SECONDS * 1_000);
    return code === 0 ? [] : [`An import of what is there already ended with ${code ?? 'nothing'}: see import.log.`];
  }

  /** Some rows of each release differ from the one before. */
  #deathsOf(release: number): Map<string, number> {
    const ids = Array.from({ length: ROWS }, (_, index) => 1_000 + index);
    return new Map(ids.map((id) => [`ged:${id}`, 1 + ((id * 7 + (id % 5 === 0 ? release : 0)) % 50)]));
  }

  async #fileOf(release: number, deaths: ReadonlyMap<string, number>): Promise<string> {
    const rows = [...deaths].map(([incident, best]) => {
      const killed = String(best);
      const parts = { deaths_a: '0', deaths_b: '0', deaths_civilians: '0', deaths_unknown: killed };
      return event({ id: incident.replace('ged:', ''), low: killed, best: killed, high: killed, ...parts });
    });
    const path = join(this.folder, `release-${release}.csv`);
    await writeFile(path, csvOf(rows));
    return path;
  }

  /** Its exit code, or undefined if it was killed. */
  async #import(file: string, msMax: number): Promise<number | null | undefined> {
    this.#runs += 1;
    const release = /(\d+)\.csv$/.exec(file)?.[1] ?? '';
    const { url } = this.choices.one(this.nodes);
    const options = {
      ledger: IMPORTED,
      url,
      journal: this.folder,
      release: `${release}.1`,
      published: `${2000 + Number(release)}-06-01`,
      patience: String(PATIENCE_SECONDS),
    };
    const given = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    const args = [program('../../apps/importer/src/main.js'), 'ged', file, ...given];
    const environment = { INCIDENT_LEDGER_KEY: this.key.text };
    const command = new Server('import', url, args, environment, join(this.folder, 'import.log'));
    command.start();
    const code = await command.endsByItself(AbortSignal.timeout(msMax));
    if (code === undefined) await command.kill();
    return code;
  }
}
