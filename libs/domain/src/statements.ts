/**
 * Statements and their claims. What is refused here contradicts itself or names what does not exist. That sources
 * contradict each other, or a source itself (low above best), is data: it is kept as published.
 */
import { incidentsOf, readAbout } from './abouts.js';
import { canonicalText, fingerprint } from './canonical.js';
import type { Command, CorrectStatement, ReassignStatement, RecordStatement, RetractStatement } from './commands.js';
import type { Fact } from './records.js';
import { expectPoint, expectSpan, requireKind, requireNew, requireToChange, survivorOf, takingBack } from './rules.js';
import { Rejected } from './rejected.js';
import type { NamedClaim, State } from './state.js';
import type { About, Claim, Id, Predicate, Quantity, Statement, Who } from './vocabulary.js';

export function recordStatement(state: State, { id, statement }: RecordStatement): Fact {
  requireNew(state, id);
  checkStatement(state, id, statement);
  return { name: 'StatementRecorded', data: { changes: [{ entity: id, version: 1 }], statement } };
}

/** Replaces the whole statement; one that says the same already is no change. */
export function correctStatement(state: State, command: CorrectStatement & Pick<Command, 'expect'>): Fact | null {
  const { id, statement, reason } = command;
  const current = requireToChange(state, id, 'statement', command.expect);
  checkStatement(state, id, statement);
  if (fingerprint(canonicalText(statement)) === current.fingerprint) return null;
  const changes = [{ entity: id, version: current.version + 1 }];
  return { name: 'StatementCorrected', data: { changes, statement, reason } };
}

/** It renders another utterance, or speaks of other incidents, than the recorder took it for. What it says stays. */
export function reassignStatement(state: State, command: ReassignStatement & Pick<Command, 'expect'>): Fact {
  const { id, utterance, incidents, reason } = command;
  const { version, claims } = requireToChange(state, id, 'statement', command.expect);
  if (utterance === undefined && incidents === undefined) {
    throw new Rejected('does-not-fit', 'Say which utterance it renders, or which incidents it is about.', '/utterance');
  }
  for (const [index, { from, to }] of (incidents ?? []).entries()) {
    const pointer = `/incidents/${index}`;
    requireKind(state, to, 'incident', `${pointer}/to`);
    if (survivorOf(state, from) === survivorOf(state, to))
      throw new Rejected('does-not-fit', `${from} is the same incident.`, `${pointer}/to`);
    const isFrom = (one: Id) => survivorOf(state, one) === survivorOf(state, from);
    if ((incidents ?? []).findIndex((one) => isFrom(one.from)) < index) {
      throw new Rejected('does-not-fit', `${from} is named twice.`, `${pointer}/from`);
    }
    if (!claims.some(({ about }) => incidentsOf(JSON.parse(about) as About).some(isFrom))) {
      throw new Rejected('does-not-fit', `No claim of ${id} is about ${from}.`, `${pointer}/from`);
    }
  }
  const data = { ...(utterance !== undefined && { utterance }), ...(incidents !== undefined && { incidents }) };
  return { name: 'StatementReassigned', data: { changes: [{ entity: id, version: version + 1 }], ...data, reason } };
}

function checkStatement(state: State, id: Id, statement: Statement): void {
  requireKind(state, statement.document, 'document', '/document');
  requireKind(state, statement.speaker, 'actor', '/speaker');
  if (statement.onBehalfOf !== undefined) requireKind(state, statement.onBehalfOf, 'actor', '/onBehalfOf');
  for (const [index, actor] of (statement.chain ?? []).entries()) {
    requireKind(state, actor, 'actor', `/chain/${index}`);
  }
  expectSpan(statement.said, '/said');
  const seen = new Map<string, number>();
  for (const [index, claim] of statement.claims.entries()) {
    const pointer = `/claims/${index}`;
    checkFit(claim, pointer);
    checkReferences(state, claim, { id, statement, number: index + 1 }, pointer);
    const key = canonicalText([claim.about, claim.predicate, claim.who ?? {}, claim.stance, claim.value ?? null]);
    const twin = seen.get(key);
    if (twin !== undefined) {
      throw new Rejected(
        'duplicate-claim',
        `This claim says the same as claim ${twin + 1} of this statement.`,
        pointer,
      );
    }
    seen.set(key, index);
  }
}

/** The recorder's own error: its claims count no more. */
export function retractStatement(state: State, command: RetractStatement & Pick<Command, 'expect'>): Fact {
  const { act: _, id, expect, ...data } = command;
  const version = takingBack(requireToChange(state, id, 'statement', expect), command, 'retracted');
  return { name: 'StatementRetracted', data: { changes: [{ entity: id, version }], ...data } };
}

const ABOUT_SCOPE: ReadonlySet<Predicate> = new Set(['force-level', 'total', 'outlook']);
const OF_PEOPLE: ReadonlySet<Predicate> = new Set(['killed', 'injured', 'casualties', 'total']);
/** These stances are about a value; the others may reject or doubt whatever was said. */
const NEEDS_VALUE: ReadonlySet<Claim['stance']> = new Set(['asserts', 'suspects', 'predicts']);

/** Whether the parts of a claim belong together. */
function checkFit(claim: Claim, pointer: string): void {
  const misfit = (at: string, reason: string): never => {
    throw new Rejected('does-not-fit', reason, `${pointer}${at}`);
  };
  const { predicate, stance } = claim;
  const scope = 'scope' in claim.about ? claim.about.scope : undefined;
  if (ABOUT_SCOPE.has(predicate) && scope === undefined)
    misfit('/about', `A ${predicate} is about a scope, not about incidents.`);
  if (!ABOUT_SCOPE.has(predicate) && scope !== undefined && predicate !== 'remark') {
    misfit('/about', `A claim of ${predicate} is about incidents; somebody's own sum over a scope is a total.`);
  }
  if (predicate === 'total' && scope?.of === undefined) {
    misfit('/about/scope/of', 'Say what the total adds up: a predicate, or the term of a count.');
  }
  if (predicate === 'force-level' && scope?.actor === undefined) {
    misfit('/about/scope/actor', 'Say whose force this level is.');
  }
  if ('incidents' in claim.about && new Set(claim.about.incidents).size < claim.about.incidents.length) {
    misfit('/about/incidents', 'An incident is named twice.');
  }
  if ((stance === 'not-confirms') !== (claim.manner !== undefined)) {
    misfit('/manner', 'A manner is given with the stance not-confirms, and only with it.');
  }
  if ((stance === 'retracts') !== (claim.retracts !== undefined)) {
    misfit('/retracts', 'The stance retracts, and only it, names the claim that is taken back.');
  }
  if (NEEDS_VALUE.has(stance) && claim.value === undefined) {
    misfit('/value', `Say what the source ${stance}: a value is missing.`);
  }
  if (!OF_PEOPLE.has(predicate) && (claim.who !== undefined || claim.parts !== undefined)) {
    misfit(claim.who === undefined ? '/parts' : '/who', `${predicate} counts no people: leave this out.`);
  }
  for (const [at, quantity] of quantitiesOf(claim)) checkQuantity(quantity, at, misfit);
}

function quantitiesOf(claim: Claim): [string, Quantity][] {
  const parts = (claim.parts ?? []).map((part, index): [string, Quantity] => [`/parts/${index}/value`, part.value]);
  switch (claim.predicate) {
    case 'happened':
    case 'killed':
    case 'injured':
    case 'casualties':
    case 'munitions':
    case 'count':
    case 'force-level':
    case 'total':
      return claim.value === undefined ? parts : [['/value', claim.value], ...parts];
    case 'damage':
      return (claim.value?.items ?? []).map((item, index) => [`/value/items/${index}`, item]);
    default:
      return parts;
  }
}

function checkQuantity(quantity: Quantity, at: string, misfit: (at: string, reason: string) => never): void {
  const { low, best, high, change, from } = quantity;
  if (change !== undefined && (low ?? best ?? high ?? undefined) !== undefined) {
    misfit(`${at}/change`, 'A quantity gives numbers or a change of another number, not both.');
  }
  if (from !== undefined && change === undefined)
    misfit(`${at}/from`, '`from` names the claim that a change starts from.');
}

/** Whether everything a claim names exists, and intervals and points are possible. */
function checkReferences(
  state: State,
  claim: Claim,
  own: { id: Id; statement: Statement; number: number },
  pointer: string,
): void {
  const needActor = (id: Id | undefined, at: string): void => {
    if (id !== undefined) requireKind(state, id, 'actor', `${pointer}${at}`);
  };
  const needWho = (who: Who | undefined, at: string): void => needActor(who?.of, `${at}/of`);

  if ('incident' in claim.about) requireKind(state, claim.about.incident, 'incident', `${pointer}/about/incident`);
  if ('incidents' in claim.about) {
    for (const [index, incident] of claim.about.incidents.entries()) {
      requireKind(state, incident, 'incident', `${pointer}/about/incidents/${index}`);
    }
  }
  if ('scope' in claim.about) {
    const { scope } = claim.about;
    needActor(scope.actor, '/about/scope/actor');
    needActor(scope.attacker, '/about/scope/attacker');
    needActor(scope.target, '/about/scope/target');
    for (const [index, place] of (scope.places ?? []).entries()) {
      requireKind(state, place, 'place', `${pointer}/about/scope/places/${index}`);
    }
    expectSpan(scope, `${pointer}/about/scope`);
  }
  needWho(claim.who, '/who');
  for (const [index, part] of (claim.parts ?? []).entries()) needWho(part.who, `/parts/${index}/who`);

  const survivor = (id: Id) => survivorOf(state, id);
  const about = canonicalText(readAbout(claim.about, survivor));
  const isSame = (earlier: NamedClaim) =>
    earlier.predicate === claim.predicate &&
    canonicalText(readAbout(JSON.parse(earlier.about) as About, survivor)) === about;
  if (claim.retracts !== undefined) {
    const earlier = requireClaim(state, claim.retracts, own, `${pointer}/retracts`);
    if (!isSame(earlier) || survivor(earlier.speaker) !== survivor(own.statement.speaker)) {
      throw new Rejected(
        'does-not-fit',
        `Only the speaker of ${claim.retracts} takes it back, with a claim of the same predicate about the same: ` +
          `that was ${earlier.speaker}, speaking of ${earlier.predicate}.`,
        `${pointer}/retracts`,
      );
    }
  }
  for (const [at, quantity] of quantitiesOf(claim)) {
    if (quantity.from === undefined) continue;
    const earlier = requireClaim(state, quantity.from, own, `${pointer}${at}/from`);
    if (!isSame(earlier)) {
      throw new Rejected(
        'does-not-fit',
        `${quantity.from} is a claim of ${earlier.predicate} about ${earlier.about}: this change cannot start from it.`,
        `${pointer}${at}/from`,
      );
    }
  }

  switch (claim.predicate) {
    case 'responsibility':
      needActor(claim.value?.actor, '/value/actor');
      break;
    case 'place':
      if (claim.value !== undefined) {
        const { placeKind } = requireKind(state, claim.value.place, 'place', `${pointer}/value/place`);
        expectPoint(claim.value.point, placeKind, `${pointer}/value/point`);
      }
      break;
    case 'time':
      expectSpan(claim.value, `${pointer}/value`);
      break;
    case 'force-level':
      expectSpan(claim.value?.at, `${pointer}/value/at`);
      break;
    case 'relation':
      if (claim.value !== undefined && 'incident' in claim.value.to) {
        requireKind(state, claim.value.to.incident, 'incident', `${pointer}/value/to/incident`);
      }
      break;
    default:
      break;
  }
}

/** An earlier claim, of this statement or of one recorded before. */
function requireClaim(
  state: State,
  id: string,
  own: { id: Id; statement: Statement; number: number },
  pointer: string,
): NamedClaim & { speaker: Id } {
  const hash = id.lastIndexOf('#');
  const statementId = id.slice(0, hash);
  const number = Number(id.slice(hash + 1));
  const inThis = statementId === own.id;
  const { speaker, claims } = inThis
    ? { speaker: own.statement.speaker, claims: own.statement.claims.slice(0, own.number - 1) }
    : requireKind(state, statementId, 'statement', pointer);
  const claim = claims[number - 1];
  if (claim === undefined) {
    const reason = inThis ? 'comes before this one in the statement' : `is in the statement ${statementId}`;
    throw new Rejected('unknown-reference', `No claim ${id} ${reason}.`, pointer, { id });
  }
  const { predicate, about } = claim;
  return { predicate, about: typeof about === 'string' ? about : canonicalText(about), speaker };
}
