/**
 * WHAT THE RECORDS SAY IN THE END: registers, cards, statements and what became of them, gathered in memory from the log
 * alone, so that figures can be worked out once more by a way that knows no table. Kept small: of everything only what
 * figures and exports hang on, and of what there are hundreds of thousands the text: as objects it takes twice the memory.
 */
import { createHash } from 'node:crypto';
import {
  incidentsOf,
  readClaim,
  readIncident,
  readSaid,
  reassignedAbout,
  scopeKey,
  splitAbout,
  survivorIn,
  voiceOf,
  type About,
  type Actor,
  type Claim,
  type ClaimId,
  type Document,
  type Grade,
  type Id,
  type Incident,
  type LedgerRecord,
  type Part,
  type Place,
  type Registers,
  type SourcedClaim,
  type Statement,
  type Subject,
} from '#domain';

type Heard = Pick<
  Statement,
  'document' | 'speaker' | 'onBehalfOf' | 'said' | 'utterance' | 'form' | 'chain' | 'claims'
> & {
  /** The record that first held it. */
  sequence: number;
};

interface Judged {
  id: Id;
  about: string;
  grade: Grade;
}

/** Longer texts stand in the tables as their hash. */
const KEY_BYTES_MAX = 200;

/** How the read models call what would be too long for an index. */
export function short(text: string): string {
  if (Buffer.byteLength(text) <= KEY_BYTES_MAX) return text;
  return `sha256:${createHash('sha256').update(text).digest('base64url')}`;
}

export class Told implements Registers {
  /** Versions of the policies in force, by name. */
  policies: Readonly<Record<string, number>> = {};
  readonly actors = new Map<Id, Actor>();
  readonly places = new Map<Id, Place>();
  readonly documents = new Map<Id, Document>();
  /** As JSON: an `Incident`. */
  readonly #incidents = new Map<Id, string>();
  /** As JSON: a `Heard`. */
  readonly #statements = new Map<Id, string>();
  readonly #merged = new Map<Id, Id>();
  /** By document, the statements that it carries no longer. */
  readonly #dropped = new Map<Id, ReadonlySet<Id>>();
  /** Statements, incidents, documents and assessments that count no more: ids are unique over all of them. */
  readonly #gone = new Set<Id>();
  /** By which record each was made; kept where `whole` is asked for. */
  readonly #made = new Map<Id, number>();
  readonly #judged: Judged[] = [];
  /** The same by the claim, or the line as it is called now; made when it is asked for. */
  #judgedOf: Map<string, Judged[]> | undefined;
  #ties: { part: Id; whole: Id }[] = [];
  /** What an id stands for. */
  readonly survivor = survivorIn(this.#merged);

  /** Records in the order of the log. `whole`: cards and documents with their titles, and claims with their words. */
  constructor(private readonly whole = false) {}

  hear(record: LedgerRecord): void {
    const { data } = record;
    this.#judgedOf = undefined;
    if (this.whole)
      for (const { entity, version } of data.changes) if (version === 1) this.#made.set(entity, record.sequence);
    const id = data.changes[0]?.entity ?? '';
    switch (record.name) {
      case 'LedgerOpened':
      case 'LedgerAdopted':
        this.policies = record.data.policies;
        break;
      case 'ActorRegistered':
      case 'ActorCorrected':
        this.actors.set(id, this.#short(record.data.actor, { names: [] }));
        break;
      case 'ActorReparented': {
        const { partOf: _, ...actor } = this.#known(this.actors, id);
        const { partOf } = record.data;
        this.actors.set(id, partOf === undefined ? actor : { ...actor, partOf });
        break;
      }
      case 'PlaceRegistered':
      case 'PlaceCorrected':
        this.places.set(id, this.#short(record.data.place, { names: [] }));
        break;
      case 'PlaceReparented': {
        const { inside: _, ...place } = this.#known(this.places, id);
        const { inside } = record.data;
        this.places.set(id, inside === undefined ? place : { ...place, inside });
        break;
      }
      case 'DocumentVersioned':
        this.#dropped.set(id, new Set(record.data.dropped));
        this.documents.set(id, this.#shortDocument(record.data.document));
        break;
      case 'DocumentRegistered':
      case 'DocumentCorrected':
        this.documents.set(id, this.#shortDocument(record.data.document));
        break;
      case 'IncidentRecorded':
      case 'IncidentCorrected':
        this.#putCard(id, record.data.incident);
        break;
      case 'IncidentSplit':
        this.#split(id, data.changes[1]?.entity ?? '', record.data);
        break;
      case 'ActorMerged':
      case 'PlaceMerged':
      case 'IncidentMerged':
        this.#merged.set(id, record.data.into);
        break;
      case 'IncidentTied':
        this.#ties.push({ part: id, whole: record.data.tie.whole });
        break;
      case 'IncidentUntied': {
        const whole = this.survivor(record.data.whole);
        this.#ties = this.#ties.filter((tie) => this.survivor(tie.part) !== id || this.survivor(tie.whole) !== whole);
        break;
      }
      case 'StatementRecorded':
      case 'StatementCorrected': {
        const sequence = this.#statements.has(id) ? this.#heard(id).sequence : record.sequence;
        this.#putStatement(id, { ...record.data.statement, sequence });
        break;
      }
      case 'StatementReassigned': {
        const { utterance, incidents = [] } = record.data;
        const heard = this.#heard(id);
        this.#putStatement(id, {
          ...heard,
          ...(utterance !== undefined && { utterance }),
          claims: heard.claims.map((claim) => movedTo(claim, reassignedAbout(claim.about, incidents, this.survivor))),
        });
        break;
      }
      case 'StatementRetracted':
      case 'IncidentRetracted':
      case 'DocumentWithdrawn':
      case 'AssessmentRetracted':
        if (record.data.takesBack === undefined) this.#gone.add(id);
        else this.#gone.delete(id);
        break;
      case 'AssessmentRecorded': {
        const { about, credibility, reliability } = record.data.assessment;
        const grade: Grade = { ...(credibility && { credibility }), ...(reliability && { reliability }) };
        this.#judged.push({ id, about: 'claim' in about ? about.claim : about.line, grade });
        break;
      }
      case 'LedgerClosed':
      case 'DocumentUnreachable':
        break;
      default:
        record satisfies never;
    }
  }

  actor(id: Id): Actor | undefined {
    const card = this.actors.get(this.survivor(id));
    if (card?.partOf === undefined || this.#merged.size === 0) return card;
    return { ...card, partOf: this.survivor(card.partOf) };
  }

  place(id: Id): Place | undefined {
    const card = this.places.get(this.survivor(id));
    if (card === undefined || this.#merged.size === 0) return card;
    const { inside, state } = card;
    return {
      ...card,
      ...(inside !== undefined && { inside: this.survivor(inside) }),
      ...(state !== undefined && { state: this.survivor(state) }),
    };
  }

  /** Incidents that count, each as its card is read now. */
  *incidents(): Generator<[Id, Incident]> {
    for (const id of this.#incidents.keys()) {
      const card = this.#merged.has(id) || this.#gone.has(id) ? undefined : this.card(id);
      if (card !== undefined) yield [id, card];
    }
  }

  card(id: Id): Incident | undefined {
    const text = this.#incidents.get(id);
    return text === undefined ? undefined : readIncident(JSON.parse(text) as Incident, this.survivor);
  }

  /** The record that made it. */
  recordOf(id: Id): number {
    return this.#made.get(id) ?? 0;
  }

  /** How it is called first, or its id where that is private. */
  nameOf(kind: 'actor' | 'place', id: Id): string {
    const text = this[kind](id)?.names[0]?.text;
    return typeof text === 'string' ? text : id;
  }

  /** The split of the number that one claim gives; none where several claims are meant. */
  partsOf(claims: readonly ClaimId[]): readonly Part[] {
    const [one, ...more] = claims;
    return one === undefined || more.length > 0 ? [] : (this.#claim(one)?.parts ?? []);
  }

  /** The documents behind some claims, as publisher, date and title; how many publishers that is, -1 for none. */
  sourcesOf(claims: readonly ClaimId[]): { sources: string; count: number } {
    const ids = new Set(claims.map((claim) => this.#heard(claim.slice(0, claim.lastIndexOf('#'))).document));
    const documents = [...ids].map((id) => this.#known(this.documents, id));
    const publishers = new Set(documents.map(({ publisher }) => this.survivor(publisher)));
    const sources = documents.map(({ publisher, published, title }) => {
      const by = this.nameOf('actor', publisher).replaceAll('"', "'");
      return `"${by},${published?.to.slice(0, 10) ?? ''},${title.replaceAll('"', "'")}"`;
    });
    return { sources: sources.join(';'), count: publishers.size === 0 ? -1 : publishers.size };
  }

  #claim(id: ClaimId): Claim | undefined {
    const hash = id.lastIndexOf('#');
    return this.#heard(id.slice(0, hash)).claims[Number(id.slice(hash + 1)) - 1];
  }

  /** What has live parts: it is shown beside sums, and never added. */
  wholes(): Set<Id> {
    const live = this.#ties.filter(({ part }) => !this.#gone.has(this.survivor(part)));
    return new Set(live.map(({ whole }) => this.survivor(whole)));
  }

  /** By incident or scope, as the read models call them, the statements with claims about it, in the order of their records. */
  statementsByAbout(): Map<string, Id[]> {
    const found = new Map<string, Id[]>();
    for (const id of this.#statements.keys()) {
      for (const about of new Set(this.#heard(id).claims.flatMap((claim) => this.#aboutsOf(claim)))) {
        const some = found.get(about);
        if (some === undefined) found.set(about, [id]);
        else some.push(id);
      }
    }
    return found;
  }

  /** What the claims of these statements about one incident or scope are, and what that is, all as it is read now. */
  claimsAbout(about: string, statements: readonly Id[]): { subject: Subject | undefined; claims: SourcedClaim[] } {
    const claims: SourcedClaim[] = [];
    let scope: Subject | undefined;
    for (const statement of statements) {
      const heard = this.#heard(statement);
      for (const [index, claim] of heard.claims.entries()) {
        if (!this.#aboutsOf(claim).includes(about)) continue;
        const read = readClaim(claim, this.survivor);
        if ('scope' in read.about) scope ??= { scope: read.about.scope };
        claims.push(this.#sourced(about, statement, heard, index + 1, read));
      }
    }
    const card = this.card(about);
    return { subject: card === undefined ? scope : { id: about, incident: card }, claims };
  }

  #aboutsOf(claim: Claim): readonly string[] {
    const about = this.#merged.size === 0 ? claim.about : readClaim(claim, this.survivor).about;
    return 'scope' in about ? [`scope ${short(scopeKey(about.scope))}`] : incidentsOf(about);
  }

  #sourced(about: string, statement: Id, heard: Heard, number: number, claim: Claim): SourcedClaim {
    const { sequence, utterance, form, document, said, ...rest } = heard;
    const { speaker, onBehalfOf, chain } = readSaid(rest, this.survivor);
    const { publisher, published } = this.#known(this.documents, document);
    const source: SourcedClaim = {
      id: `${statement}#${number}`,
      sequence,
      statement,
      utterance,
      form,
      speaker,
      ...(onBehalfOf !== undefined && { onBehalfOf }),
      ...(chain !== undefined && { chain }),
      document,
      publisher: this.survivor(publisher),
      firstPublisher: this.survivor(this.#firstPublisher(document)),
      said: said ?? null,
      published: published ?? null,
      claim,
    };
    const grade = this.#gradeOf(source);
    const setAside = this.#fateOf(about, statement, document);
    return { ...source, ...(grade !== undefined && { grade }), ...(setAside !== undefined && { setAside }) };
  }

  #firstPublisher(document: Id): Id {
    const { copyOf, publisher } = this.#known(this.documents, document);
    return copyOf === undefined ? publisher : this.#firstPublisher(copyOf);
  }

  /** Of what was judged and not taken back the newest counts, and what is said of the claim before what is of its line. */
  #gradeOf(source: SourcedClaim): Grade | undefined {
    if (this.#judged.length === 0) return undefined;
    this.#judgedOf ??= this.#judgedByAbout();
    const grade: Grade = {};
    for (const about of [source.id, voiceOf(source, this).line]) {
      for (const { id, grade: given } of this.#judgedOf.get(about)?.toReversed() ?? []) {
        if (this.#gone.has(id)) continue;
        if (given.credibility !== undefined) grade.credibility ??= given.credibility;
        if (given.reliability !== undefined) grade.reliability ??= given.reliability;
      }
    }
    return Object.keys(grade).length === 0 ? undefined : grade;
  }

  #judgedByAbout(): Map<string, Judged[]> {
    const found = new Map<string, Judged[]>();
    for (const one of this.#judged) {
      const { about } = one;
      const key = about.includes('#') ? about : about.replace(/[^@]*$/, (id) => this.survivor(id));
      found.set(key, [...(found.get(key) ?? []), one]);
    }
    return found;
  }

  #fateOf(about: string, statement: Id, document: Id): SourcedClaim['setAside'] {
    if (this.#gone.has(about)) return 'incident-not-live';
    if (this.#gone.has(statement)) return 'statement-retracted';
    if (this.#dropped.get(document)?.has(statement) === true) return 'publisher-corrected';
    return this.#gone.has(document) ? 'document-withdrawn' : undefined;
  }

  #split(old: Id, created: Id, { incident, claims }: Extract<LedgerRecord, { name: 'IncidentSplit' }>['data']): void {
    this.#putCard(created, incident);
    for (const { claim: named, to } of claims) {
      const hash = named.lastIndexOf('#');
      const statement = named.slice(0, hash);
      const at = Number(named.slice(hash + 1)) - 1;
      const heard = this.#heard(statement);
      const moved = heard.claims.map((claim, index) =>
        index === at ? movedTo(claim, splitAbout(claim.about, { old, created }, to, this.survivor)) : claim,
      );
      this.#putStatement(statement, { ...heard, claims: moved });
    }
  }

  #short<Card extends object>(card: Card, without: Partial<Card>): Card {
    return this.whole ? card : { ...card, ...without };
  }

  #shortDocument(document: Document): Document {
    if (this.whole) return document;
    const { publisher, kind, copyOf, published } = document;
    return { publisher, kind, title: '', ...(copyOf && { copyOf }), ...(published && { published }) };
  }

  #putCard(id: Id, incident: Incident): void {
    const { title, note, ...card } = incident;
    this.#incidents.set(id, JSON.stringify(this.whole ? { ...card, title, note } : card));
  }

  #putStatement(id: Id, statement: Heard): void {
    const { document, speaker, onBehalfOf, said, utterance, form, chain, sequence, claims } = statement;
    const shorter = this.whole ? claims : claims.map(({ words: _words, parts: _parts, ...claim }) => claim);
    const heard = { document, speaker, onBehalfOf, said, utterance, form, chain, sequence, claims: shorter };
    this.#statements.set(id, JSON.stringify(heard));
  }

  #heard(id: Id): Heard {
    return JSON.parse(this.#known(this.#statements, id)) as Heard;
  }

  #known<Value>(map: ReadonlyMap<Id, Value>, id: Id): Value {
    const value = map.get(id);
    if (value === undefined) throw new Error(`The log speaks of ${id}, which it never made: check it first.`);
    return value;
  }
}

function movedTo(claim: Claim, about: About): Claim {
  return { ...claim, about };
}
