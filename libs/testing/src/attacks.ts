/** Many incidents whose figures all hang on what one actor is a part of. */
import type { Claim, Command } from '#domain';

const CLAIMS_OF_A_STATEMENT = 100;

export const killed = (incident: string, number: number): Claim => ({
  predicate: 'killed',
  about: { incident },
  stance: 'asserts',
  value: { low: number, best: number, high: number },
});
export const statementOf = (id: string, speaker: string, claims: Claim[]): Command => ({
  act: 'record-statement',
  id,
  statement: { document: 'd', speaker, utterance: id, form: 'direct', claims },
});
/** What the force is a part of from then on. */
export const reparent = (version: number, partOf?: string): Command => ({
  act: 'reparent-actor',
  id: 'force',
  ...(partOf !== undefined && { partOf }),
  reason: 'Made up.',
  expect: [{ entity: 'force', version }],
});

/** So many attacks on us. A force of which nobody knows whose it is says 2 were killed, and then another state says 5. */
export function* attacks(count: number): Generator<Command> {
  yield { act: 'open-ledger', origin: { title: 'Made up' } };
  for (const id of ['us', 'them']) {
    yield { act: 'register-actor', id, actor: { kind: 'state', names: [{ text: id }] } };
  }
  yield { act: 'register-actor', id: 'force', actor: { kind: 'armed-force', names: [{ text: 'A force' }] } };
  yield { act: 'register-document', id: 'd', document: { publisher: 'us', kind: 'citation', title: 'A release' } };
  const incidents = Array.from({ length: count }, (_, n) => `i-${n}`);
  for (const id of incidents) {
    const parties = [{ actor: 'us', side: 'target' } as const];
    yield { act: 'record-incident', id, incident: { kind: 'single', method: 'rocket', parties } };
  }
  for (const [speaker, number] of [
    ['force', 2],
    ['them', 5],
  ] as const) {
    for (let from = 0; from < count; from += CLAIMS_OF_A_STATEMENT) {
      const claims = incidents.slice(from, from + CLAIMS_OF_A_STATEMENT).map((id) => killed(id, number));
      yield statementOf(`${speaker}-${from}`, speaker, claims);
    }
  }
}
