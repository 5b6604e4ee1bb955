/**
 * What records say in the end, all of them at once: beside the projection, which goes from record to record, for properties
 * that compare the two.
 */
import {
  reassignedAbout,
  readClaim,
  readIncident,
  readSaid,
  splitAbout,
  voiceOf,
  type Actor,
  type Document,
  type Grade,
  type Id,
  type Incident,
  type LedgerRecord,
  type Place,
  type Registers,
  type SourcedClaim,
  type Statement,
} from '#domain';

interface Assessed {
  id: Id;
  about: string;
  grade: Grade;
}

export class Told {
  readonly #actors = new Map<Id, Actor>();
  readonly #places = new Map<Id, Place>();
  readonly #documents = new Map<Id, Document>();
  readonly #incidents = new Map<Id, Incident>();
  readonly #statements = new Map<Id, { sequence: number; statement: Statement }>();
  readonly #ties: { part: Id; whole: Id }[] = [];
  readonly #merged = new Map<Id, Id>();
  readonly #dropped = new Map<Id, readonly Id[]>();
  /** What counts no more; ids are unique over all kinds of things. */
  readonly #gone = new Set<Id>();
  readonly #assessed: Assessed[] = [];
  /** Versions of the policies in force, by name. */
  policies: Readonly<Record<string, number>> = {};

  constructor(records: readonly LedgerRecord[]) {
    for (const record of records) this.#hear(record);
  }

  #hear(record: LedgerRecord): void {
    const { name, data } = record;
    const id = data.changes[0]?.entity ?? '';
    if ('policies' in data) this.policies = data.policies;
    if ('actor' in data) this.#actors.set(id, data.actor);
    if ('place' in data) this.#places.set(id, data.place);
    if ('document' in data) this.#documents.set(id, data.document);
    if ('dropped' in data) this.#dropped.set(id, data.dropped);
    if ('into' in data) this.#merged.set(id, data.into);
    switch (name) {
      case 'ActorReparented': {
        const { partOf: _, ...actor } = this.#actors.get(id) as Actor;
        this.#actors.set(id, { ...actor, ...(data.partOf !== undefined && { partOf: data.partOf }) });
        break;
      }
      case 'PlaceReparented': {
        const { inside: _, ...place } = this.#places.get(id) as Place;
        this.#places.set(id, { ...place, ...(data.inside !== undefined && { inside: data.inside }) });
        break;
      }
      case 'IncidentRecorded':
      case 'IncidentCorrected':
        this.#incidents.set(id, data.incident);
        break;
      case 'IncidentSplit': {
        const created = data.changes[1]?.entity ?? '';
        this.#incidents.set(created, data.incident);
        for (const { claim, to } of data.claims) {
          const [statement = '', number] = claim.split('#');
          this.#mapAbouts(statement, (about, at) =>
            at === Number(number) ? splitAbout(about, { old: id, created }, to, this.survivor) : about,
          );
        }
        break;
      }
      case 'IncidentTied':
        this.#ties.push({ part: id, whole: data.tie.whole });
        break;
      case 'IncidentUntied': {
        const isUntied = (tie: { part: Id; whole: Id }): boolean =>
          this.survivor(tie.part) === id && this.survivor(tie.whole) === this.survivor(data.whole);
        for (let at = this.#ties.length - 1; at >= 0; at -= 1) {
          if (isUntied(this.#ties[at] as { part: Id; whole: Id })) this.#ties.splice(at, 1);
        }
        break;
      }
      case 'StatementRecorded':
      case 'StatementCorrected': {
        const sequence = this.#statements.get(id)?.sequence ?? record.sequence;
        this.#statements.set(id, { sequence, statement: data.statement });
        break;
      }
      case 'StatementReassigned': {
        const { utterance, incidents = [] } = data;
        const known = this.#statements.get(id);
        if (known !== undefined && utterance !== undefined) known.statement = { ...known.statement, utterance };
        this.#mapAbouts(id, (about) => reassignedAbout(about, incidents, this.survivor));
        break;
      }
      case 'StatementRetracted':
      case 'IncidentRetracted':
      case 'DocumentWithdrawn':
      case 'AssessmentRetracted':
        if (data.takesBack === undefined) this.#gone.add(id);
        else this.#gone.delete(id);
        break;
      case 'AssessmentRecorded': {
        const { about, credibility, reliability } = data.assessment;
        const grade: Grade = { ...(credibility && { credibility }), ...(reliability && { reliability }) };
        this.#assessed.push({ id, about: 'claim' in about ? about.claim : about.line, grade });
        break;
      }
      default:
        break;
    }
  }

  #mapAbouts(id: Id, map: (about: Statement['claims'][number]['about'], number: number) => typeof about): void {
    const known = this.#statements.get(id);
    if (known === undefined) return;
    const claims = known.statement.claims.map((claim, index) => ({ ...claim, about: map(claim.about, index + 1) }));
    known.statement = { ...known.statement, claims };
  }

  /** What an id is read as. */
  readonly survivor = (id: Id): Id => {
    const into = this.#merged.get(id);
    return into === undefined ? id : this.survivor(into);
  };

  readonly registers: Registers = {
    actor: (id) => {
      const card = this.#actors.get(this.survivor(id));
      return card?.partOf === undefined ? card : { ...card, partOf: this.survivor(card.partOf) };
    },
    place: (id) => {
      const card = this.#places.get(this.survivor(id));
      const [inside, state] = [card?.inside, card?.state];
      return (
        card && {
          ...card,
          ...(inside !== undefined && { inside: this.survivor(inside) }),
          ...(state !== undefined && { state: this.survivor(state) }),
        }
      );
    },
  };

  /** Incidents that were not merged, with their cards as they are read. */
  incidents(): Map<Id, Incident> {
    const live = [...this.#incidents].filter(([id]) => !this.#merged.has(id));
    return new Map(live.map(([id, incident]) => [id, readIncident(incident, this.survivor)]));
  }

  isGone(id: Id): boolean {
    return this.#gone.has(id);
  }

  hasLiveParts(id: Id): boolean {
    return this.#ties.some(({ part, whole }) => {
      const [a, b] = [this.survivor(part), this.survivor(whole)];
      return b === id && a !== id && !this.#gone.has(a);
    });
  }

  #firstPublisher(id: Id): Id {
    const document = this.#documents.get(id);
    return document?.copyOf === undefined ? (document?.publisher ?? '') : this.#firstPublisher(document.copyOf);
  }

  /** Every claim as it is read, in the order in which they were recorded, with its grade. */
  claims(): SourcedClaim[] {
    return [...this.#statements].flatMap(([id, { sequence, statement: whole }]) => {
      const { claims, utterance, form, document, said, ...rest } = whole;
      const { published, publisher = '' } = this.#documents.get(document) ?? {};
      const { speaker, onBehalfOf, chain } = readSaid(rest, this.survivor);
      return claims.map((claim, index): SourcedClaim => {
        const one: SourcedClaim = {
          id: `${id}#${index + 1}`,
          sequence,
          statement: id,
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
          claim: readClaim(claim, this.survivor),
        };
        const grade = this.#gradeOf(one);
        return Object.keys(grade).length === 0 ? one : { ...one, grade };
      });
    });
  }

  #gradeOf(one: SourcedClaim): Grade {
    const live = this.#assessed.filter(({ id }) => !this.#gone.has(id));
    const lineOf = (about: string): string => about.replace(/[^@]*$/, (id) => this.survivor(id));
    const { line } = voiceOf(one, this.registers);
    const ofLine = live.filter(({ about }) => !about.includes('#') && lineOf(about) === line);
    const ofClaim = live.filter(({ about }) => about === one.id);
    return Object.assign({}, ...[...ofLine, ...ofClaim].map(({ grade }) => grade));
  }

  /** Why a claim about that incident or scope counts no more, if it does not. */
  fated(claim: SourcedClaim, about: string): SourcedClaim {
    if (this.#gone.has(about)) return { ...claim, setAside: 'incident-not-live' };
    if (this.#gone.has(claim.statement)) return { ...claim, setAside: 'statement-retracted' };
    if (this.#dropped.get(claim.document)?.includes(claim.statement)) {
      return { ...claim, setAside: 'publisher-corrected' };
    }
    if (this.#gone.has(claim.document)) return { ...claim, setAside: 'document-withdrawn' };
    return claim;
  }
}
