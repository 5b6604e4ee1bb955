/**
 * THE ACTS as the doors know them: for each its body, its address, who may do it. And the one function that every door
 * reads a body with, so that a batch line and a single request get the same verdict, pointers and codes.
 */
import {
  canonicalText,
  type Act,
  type ActName,
  type Expectation,
  type Id,
  type SplitIncident,
  type Statement,
} from '#domain';
import {
  AdoptDto,
  CloseLedgerDto,
  CorrectActorDto,
  CorrectDocumentDto,
  CorrectIncidentDto,
  CorrectPlaceDto,
  CorrectStatementDto,
  DocumentVersionDto,
  MergeDto,
  OpenLedgerDto,
  ReasonDto,
  ReassignStatementDto,
  RecordAssessmentDto,
  RecordIncidentDto,
  RecordStatementDto,
  RegisterActorDto,
  RegisterDocumentDto,
  RegisterPlaceDto,
  ReparentActorDto,
  ReparentPlaceDto,
  SplitIncidentDto,
  TakeBackDto,
  TieIncidentDto,
  UntieIncidentDto,
} from './acts.dto.js';
import { checkBody, type BodyClass } from './check-body.js';
import { Problem, type Fault } from './problems.js';
import type { Seed } from './seeds.js';
import type { Open } from './vocabulary.dto.js';

/** What a key may do, each including the ones before. */
export const ACCESS_ROLES = ['recorder', 'curator', 'admin'] as const;
export type AccessRole = (typeof ACCESS_ROLES)[number];

interface ActDoor {
  body: BodyClass;
  /** Under /v1/ledgers/:ledger/, by POST. */
  route: string;
  role: AccessRole;
  summary: string;
  /** What the address names, where the act changes something that exists. */
  changes?: 'actor' | 'place' | 'document' | 'incident' | 'statement' | 'assessment';
}

export const ACTS = {
  'open-ledger': { body: OpenLedgerDto, route: 'open', role: 'admin', summary: 'Open the ledger' },
  'close-ledger': { body: CloseLedgerDto, route: 'close', role: 'admin', summary: 'Close the ledger' },
  adopt: {
    body: AdoptDto,
    route: 'adopt',
    role: 'admin',
    summary: 'Put newer versions of codebook and policies in force',
  },
  'register-actor': { body: RegisterActorDto, route: 'actors', role: 'recorder', summary: 'Register an actor' },
  'correct-actor': {
    body: CorrectActorDto,
    route: 'actors/:id/correct',
    role: 'curator',
    summary: 'Correct an actor',
    changes: 'actor',
  },
  'reparent-actor': {
    body: ReparentActorDto,
    route: 'actors/:id/reparent',
    role: 'curator',
    summary: 'Say what an actor is a part of',
    changes: 'actor',
  },
  'merge-actor': {
    body: MergeDto,
    route: 'actors/:id/merge',
    role: 'curator',
    summary: 'Merge an actor into another',
    changes: 'actor',
  },
  'register-place': { body: RegisterPlaceDto, route: 'places', role: 'recorder', summary: 'Register a place' },
  'correct-place': {
    body: CorrectPlaceDto,
    route: 'places/:id/correct',
    role: 'curator',
    summary: 'Correct a place',
    changes: 'place',
  },
  'reparent-place': {
    body: ReparentPlaceDto,
    route: 'places/:id/reparent',
    role: 'curator',
    summary: 'Say what a place lies in',
    changes: 'place',
  },
  'merge-place': {
    body: MergeDto,
    route: 'places/:id/merge',
    role: 'curator',
    summary: 'Merge a place into another',
    changes: 'place',
  },
  'register-document': {
    body: RegisterDocumentDto,
    route: 'documents',
    role: 'recorder',
    summary: 'Register a document',
  },
  'correct-document': {
    body: CorrectDocumentDto,
    route: 'documents/:id/correct',
    role: 'curator',
    summary: 'Correct how a document is described',
    changes: 'document',
  },
  'record-document-version': {
    body: DocumentVersionDto,
    route: 'documents/:id/new-version',
    role: 'curator',
    summary: 'Note that a publisher changed a document',
    changes: 'document',
  },
  'record-incident': { body: RecordIncidentDto, route: 'incidents', role: 'recorder', summary: 'Record an incident' },
  'correct-incident': {
    body: CorrectIncidentDto,
    route: 'incidents/:id/correct',
    role: 'curator',
    summary: "Correct an incident's card",
    changes: 'incident',
  },
  'merge-incident': {
    body: MergeDto,
    route: 'incidents/:id/merge',
    role: 'curator',
    summary: 'Merge an incident into another',
    changes: 'incident',
  },
  'split-incident': {
    body: SplitIncidentDto,
    route: 'incidents/:id/split',
    role: 'curator',
    summary: 'Split an incident in two',
    changes: 'incident',
  },
  'retract-incident': {
    body: TakeBackDto,
    route: 'incidents/:id/retract',
    role: 'curator',
    summary: 'Retract an incident, or take that back',
    changes: 'incident',
  },
  'tie-incident': {
    body: TieIncidentDto,
    route: 'incidents/:id/tie',
    role: 'curator',
    summary: 'Tie an incident to its whole, or to a group',
    changes: 'incident',
  },
  'untie-incident': {
    body: UntieIncidentDto,
    route: 'incidents/:id/untie',
    role: 'curator',
    summary: 'Untie an incident',
    changes: 'incident',
  },
  'record-statement': {
    body: RecordStatementDto,
    route: 'statements',
    role: 'recorder',
    summary: 'Record a statement with its claims',
  },
  'correct-statement': {
    body: CorrectStatementDto,
    route: 'statements/:id/correct',
    role: 'curator',
    summary: 'Correct a statement',
    changes: 'statement',
  },
  'reassign-statement': {
    body: ReassignStatementDto,
    route: 'statements/:id/reassign',
    role: 'curator',
    summary: 'Move a statement to another utterance or incident',
    changes: 'statement',
  },
  'retract-statement': {
    body: TakeBackDto,
    route: 'statements/:id/retract',
    role: 'curator',
    summary: 'Retract a statement, or take that back',
    changes: 'statement',
  },
  'withdraw-document': {
    body: TakeBackDto,
    route: 'documents/:id/withdraw',
    role: 'curator',
    summary: 'Note that a publisher withdrew a document, or take that back',
    changes: 'document',
  },
  'mark-document-unreachable': {
    body: ReasonDto,
    route: 'documents/:id/unreachable',
    role: 'curator',
    summary: 'Note that a document cannot be reached any more',
    changes: 'document',
  },
  'record-assessment': {
    body: RecordAssessmentDto,
    route: 'assessments',
    role: 'recorder',
    summary: 'Record how a claim, or a line, is judged',
  },
  'retract-assessment': {
    body: TakeBackDto,
    route: 'assessments/:id/retract',
    role: 'curator',
    summary: 'Retract an assessment, or take that back',
    changes: 'assessment',
  },
} as const satisfies Record<ActName, ActDoor>;

/** Acts on the ledger itself, which has no id. */
const LEDGER_ACTS = ['open-ledger', 'close-ledger', 'adopt'] as const;
type LedgerAct = (typeof LEDGER_ACTS)[number];

export function isLedgerAct(act: ActName): act is LedgerAct {
  return (LEDGER_ACTS as readonly string[]).includes(act);
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** A statement may leave its utterance to its own id, which may not be made yet. */
type OpenStatement = Open<Omit<Statement, 'utterance'>> & { utterance?: Id };

/** An act as it was sent: no id made, no text sealed. Not assignable to Act, whose private texts are sealed. */
export type OpenAct =
  | Open<DistributiveOmit<Exclude<Act, { statement: unknown } | { newId: unknown }>, 'id'>>
  | (Open<Omit<SplitIncident, 'id' | 'newId'>> & { newId?: Id })
  | { act: 'record-statement'; statement: OpenStatement }
  | { act: 'correct-statement'; statement: OpenStatement; reason: string };

export interface CheckedBody {
  act: OpenAct;
  /** The id that the client gave: of what is to be made or, of a change, of what is to be changed. */
  id?: Id;
  expect?: Expectation[];
  /** What a ledger is opened with: no part of the act, but acts that whoever took this one sends after it. */
  seed?: Seed;
  /**
   * RFC 8785 form of the act with what the client gave, `id` and `expect` included, by whichever door. Of private text
   * only that it is there, so that no digest is derived from it.
   */
  canonicalBody: string;
}

/** What a route gives beside the body. */
export interface BesideBody {
  /** The entity that the address names. */
  id?: string | undefined;
  /** The header If-Match, short for expecting that entity's version. */
  ifMatch?: string | undefined;
}

/**
 * Checks a parsed body for form and takes it apart. What an act means for a ledger is not asked here.
 * @throws Problem bad-body with every fault, or bad-parameter for If-Match
 */
export function readBody(name: ActName, parsed: unknown, beside: BesideBody = {}): CheckedBody {
  const faults = checkBody(parsed, ACTS[name].body);
  const body = (faults.length === 0 ? parsed : {}) as Readonly<Record<string, unknown>>;
  const id = (beside.id ?? body['id']) as Id | undefined;
  if (body['id'] !== undefined && body['id'] !== id) {
    faults.push({ pointer: '/id', code: 'differs-from-address', reason: 'is not the id that the address names' });
  }
  const { changes }: ActDoor = ACTS[name];
  if (changes !== undefined && id === undefined && faults.length === 0) {
    faults.push({ pointer: '/id', code: 'missing', reason: `is missing: say which ${changes}` });
  }
  if (faults.length > 0) throw badBody(faults);

  const expect = withIfMatch(body['expect'] as Expectation[] | undefined, id, beside.ifMatch);
  const given = { ...(id !== undefined && { id }), ...(expect !== undefined && { expect }) };
  return {
    act: actOf(name, body),
    ...given,
    ...(body['seed'] !== undefined && { seed: body['seed'] as Seed }),
    canonicalBody: canonicalBodyOf({ ...body, ...given, act: name }),
  };
}

function badBody(faults: readonly Fault[]): Problem {
  const [first] = faults;
  const where = first === undefined || first.pointer === '' ? 'The body' : first.pointer;
  const more = faults.length > 1 ? ` And ${faults.length - 1} more, see errors.` : '';
  return new Problem('bad-body', `${where} ${first?.reason}.${more}`, { errors: faults });
}

function actOf(act: ActName, body: Readonly<Record<string, unknown>>): OpenAct {
  const { id: _id, expect: _expect, seed: _seed, ...thing } = body;
  switch (act) {
    case 'register-actor':
      return { act, actor: thing } as unknown as OpenAct;
    case 'correct-actor': {
      const { reason, ...actor } = thing;
      return { act, actor, reason } as unknown as OpenAct;
    }
    case 'register-place':
      return { act, place: thing } as unknown as OpenAct;
    case 'correct-place': {
      const { reason, ...place } = thing;
      return { act, place, reason } as unknown as OpenAct;
    }
    case 'register-document':
      return { act, document: thing } as unknown as OpenAct;
    case 'correct-document': {
      const { reason, ...document } = thing;
      return { act, document, reason } as unknown as OpenAct;
    }
    case 'record-document-version': {
      const { reason, dropped, ...document } = thing;
      return { act, document, dropped, reason } as unknown as OpenAct;
    }
    case 'record-incident':
      return { act, incident: thing } as unknown as OpenAct;
    case 'correct-incident': {
      const { reason, ...incident } = thing;
      return { act, incident, reason } as unknown as OpenAct;
    }
    case 'split-incident': {
      const { reason, newId, claims, ...incident } = thing;
      return { act, ...(newId !== undefined && { newId }), incident, claims, reason } as unknown as OpenAct;
    }
    case 'record-statement':
      return { act, statement: thing } as unknown as OpenAct;
    case 'correct-statement': {
      const { reason, ...statement } = thing;
      return { act, statement, reason } as unknown as OpenAct;
    }
    case 'record-assessment':
      return { act, assessment: thing } as unknown as OpenAct;
    case 'tie-incident': {
      const { whole, kind, reason } = thing;
      return { act, tie: { whole, kind }, reason } as unknown as OpenAct;
    }
    case 'open-ledger':
    case 'close-ledger':
    case 'adopt':
    case 'reparent-actor':
    case 'merge-actor':
    case 'reparent-place':
    case 'merge-place':
    case 'merge-incident':
    case 'reassign-statement':
    case 'untie-incident':
    case 'retract-assessment':
    case 'retract-incident':
    case 'retract-statement':
    case 'withdraw-document':
    case 'mark-document-unreachable':
      return { act, ...thing } as unknown as OpenAct;
  }
}

/** Adds what the server adds to an act: an id where the client gave none, and the utterance that follows from it. */
export function completeAct({ act, id }: CheckedBody, newId: () => Id): Open<Act> {
  if (act.act === 'open-ledger' || act.act === 'close-ledger' || act.act === 'adopt') return act;
  const own = id ?? newId();
  if (act.act === 'split-incident') return { ...act, id: own, newId: act.newId ?? newId() };
  if (!('statement' in act)) return { ...act, id: own };
  return { ...act, id: own, statement: { ...act.statement, utterance: act.statement.utterance ?? own } };
}

function withIfMatch(
  expect: Expectation[] | undefined,
  entity: Id | undefined,
  ifMatch: string | undefined,
): Expectation[] | undefined {
  if (ifMatch === undefined) return expect;
  const version = Number(/^"([1-9][0-9]{0,15})"$/.exec(ifMatch)?.[1]);
  if (!Number.isSafeInteger(version)) {
    throw new Problem('bad-parameter', 'If-Match must be one version in double quotes, such as "3".', {
      details: { parameter: 'If-Match' },
    });
  }
  if (entity === undefined) {
    throw new Problem('bad-parameter', 'If-Match needs an entity: this address names none. Use expect in the body.', {
      details: { parameter: 'If-Match' },
    });
  }
  const same = expect?.find((one) => one.entity === entity);
  if (same === undefined) return [...(expect ?? []), { entity, version }];
  if (same.version === version) return expect;
  throw new Problem('bad-parameter', 'If-Match and expect in the body name different versions of the same entity.', {
    details: { parameter: 'If-Match' },
  });
}

/** The form that repeats are compared by. Of a private text it says only where it is. */
function canonicalBodyOf(body: object): string {
  const text = canonicalText(body);
  // Most bodies hold none, and then need not be walked through again.
  return text.includes('"private":true') ? canonicalText(withoutPrivateText(body)) : text;
}

/** The same value where there is no private text in it, else a copy that only says where it is. */
function withoutPrivateText(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map(withoutPrivateText);
    return items.some((item, index) => item !== value[index]) ? items : (value as unknown);
  }
  const fields = value as Record<string, unknown>;
  if (fields['private'] === true) return { private: true };
  let copy: Record<string, unknown> | undefined;
  for (const [name, inner] of Object.entries(fields)) {
    const open = withoutPrivateText(inner);
    if (open !== inner) (copy ??= { ...fields })[name] = open;
  }
  return copy ?? value;
}
