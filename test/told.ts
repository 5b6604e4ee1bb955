/** Few words for a case that is recorded over HTTP: who there is, where, and who said what when, in which document. */
import type { Id, PolicyName, Quantity } from '#domain';
import type { LedgerClient } from '#testing';
import { explained, type Explained } from './explained.js';

export const triple = (low: number | null, best: number | null, high: number | null) => ({ low, best, high });
export const exactly = (n: number) => triple(n, n, n);
export const atLeast = (n: number) => triple(n, null, null);

/** A date or a minute as a time. */
export const day = (date: string) => ({ from: date, to: date, precision: date.length === 10 ? 'day' : 'minute' });

export const US_MILITARY = { side: 'target', category: 'military', of: 'us' } as const;
export const US_CONTRACTOR = { side: 'target', category: 'contractor', of: 'us' } as const;

/** Registers by name: `['dod', 'state-body', 'us']` is a part of the US. */
export type Actors = readonly (readonly [id: string, kind: string, partOf?: string])[];

export async function register(ledger: LedgerClient, actors: Actors): Promise<void> {
  for (const [id, kind, partOf] of actors) {
    await ledger.record('register-actor', { id, kind, names: [{ text: id }], ...(partOf !== undefined && { partOf }) });
  }
}

export async function place(ledger: LedgerClient, id: string, kind: string, rest: object = {}): Promise<void> {
  await ledger.record('register-place', { id, kind, names: [{ text: id }], ...rest });
}

export interface Said {
  id: string;
  by: string;
  /** Who published it. */
  in: string;
  said?: string | null;
  published?: string | null;
  chain?: string[];
  venue?: string;
  form?: string;
  utterance?: string;
  claims: object[];
}

/** Records a statement and its document; the position. */
export async function say(ledger: LedgerClient, one: Said): Promise<number> {
  const { id, by, said, published, chain, venue, form = 'reported', utterance, claims } = one;
  const key = `${one.in} ${published ?? 'undated'} ${id}`;
  const document = key.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  await ledger.record('register-document', {
    id: document,
    publisher: one.in,
    kind: 'citation',
    title: `Document of ${id}`,
    ...(published && { published: day(published) }),
  });
  const { position } = await ledger.record('record-statement', {
    id,
    document,
    speaker: by,
    form,
    ...(said && { said: day(said) }),
    ...(chain && { chain }),
    ...(venue !== undefined && { venue }),
    ...(utterance !== undefined && { utterance }),
    claims,
  });
  return position;
}

/** `about('tower-22').killed(exactly(3), { who: US_MILITARY })`: claims about one incident, asserted unless it says otherwise. */
export function about(incident: Id) {
  const claim = (predicate: string, value: object, rest: object = {}): object => ({
    predicate,
    about: { incident },
    stance: 'asserts',
    value,
    ...rest,
  });
  return {
    killed: (value: Quantity, rest: object = {}) => claim('killed', value, rest),
    injured: (value: Quantity & { kind?: string }, rest: object = {}) => claim('injured', value, rest),
    at: (where: Id) => claim('place', { place: where }),
    by: (actor: Id, role: string, rest: object = {}) => claim('responsibility', { actor, role }, rest),
    /** None was injured, says the source, and so none was killed. */
    none: (who: object): object[] => [
      claim('injured', exactly(0), { who }),
      claim('killed', exactly(0), { who, basis: 'entailed' }),
    ],
  };
}

/** The tally of the Americans who were hit, explained. */
export function hit(ledger: LedgerClient, of: string, policy: PolicyName, when: string): Promise<Explained> {
  return explained(ledger, `of=${of}&side=target&of.party=us&policy=${policy}&${when}`);
}
