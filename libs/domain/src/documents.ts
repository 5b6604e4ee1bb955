/** Documents: what makes two of them the same. */
import { canonicalText, fingerprint, identity } from './canonical.js';
import type {
  Command,
  CorrectDocument,
  MarkDocumentUnreachable,
  RecordDocumentVersion,
  RegisterDocument,
  WithdrawDocument,
} from './commands.js';
import type { Fact } from './records.js';
import { expectSpan, requireKind, requireNew, requireToChange, takingBack } from './rules.js';
import { Rejected } from './rejected.js';
import type { State } from './state.js';
import type { Document, Id } from './vocabulary.js';

/**
 * A document with bytes is the same as another of its publisher with the same SHA-256; a citation (no bytes) is the same
 * as anything of the same publisher, date and title (codebook, section 1). `known` is what it is found by afterwards,
 * `own` what must not be taken when it is registered.
 */
export function documentKeys(document: Document): { own: string; known: string[] } {
  const { publisher, published, title } = document;
  const citation = identity(`cited ${canonicalText([publisher, published?.from ?? null, title])}`);
  if (document.sha256 === undefined) return { own: citation, known: [citation] };
  const bytes = identity(`bytes ${document.sha256} ${publisher}`);
  return { own: bytes, known: [bytes, citation] };
}

export function registerDocument(state: State, { id, document }: RegisterDocument): Fact {
  requireNew(state, id);
  checkDocument(state, id, document);
  return { name: 'DocumentRegistered', data: { changes: [{ entity: id, version: 1 }], document } };
}

/** The recorder's own error: replaces the whole description. One that says the same already is no change. */
export function correctDocument(state: State, command: CorrectDocument & Pick<Command, 'expect'>): Fact | null {
  const { id, document, reason } = command;
  const current = requireToChange(state, id, 'document', command.expect);
  checkDocument(state, id, document);
  if (fingerprint(canonicalText(document)) === current.fingerprint) return null;
  const changes = [{ entity: id, version: current.version + 1 }];
  return { name: 'DocumentCorrected', data: { changes, document, reason } };
}

/** Its publisher changed it: statements that it carries no longer count no more, and no recorder erred. */
export function recordDocumentVersion(state: State, command: RecordDocumentVersion & Pick<Command, 'expect'>): Fact {
  const { id, document, dropped, reason } = command;
  const { version } = requireToChange(state, id, 'document', command.expect);
  checkDocument(state, id, document);
  for (const [index, statement] of dropped.entries()) {
    const pointer = `/dropped/${index}`;
    if (dropped.indexOf(statement) < index) throw new Rejected('does-not-fit', 'It is named twice.', pointer);
    const { document: carrier } = requireKind(state, statement, 'statement', pointer);
    if (carrier !== id) {
      throw new Rejected('does-not-fit', `${statement} is a statement of ${carrier}, not of ${id}.`, pointer);
    }
  }
  const changes = [{ entity: id, version: version + 1 }];
  return { name: 'DocumentVersioned', data: { changes, document, dropped, reason } };
}

function checkDocument(state: State, id: Id, document: Document): void {
  requireKind(state, document.publisher, 'actor', '/publisher');
  if (document.copyOf !== undefined) {
    requireKind(state, document.copyOf, 'document', '/copyOf');
    for (let original: Id | undefined = document.copyOf; original !== undefined;) {
      if (original === id) {
        const reason = document.copyOf === id ? 'is the same one' : 'is a copy of this one, straight or by others';
        throw new Rejected('contradiction', `${document.copyOf} ${reason}: there is no circle of copies.`, '/copyOf');
      }
      const known = state.entities.get(original);
      original = known?.kind === 'document' ? known.copyOf : undefined;
    }
  }
  expectSpan(document.published, '/published');
  const same = state.documents.get(documentKeys(document).own) ?? id;
  if (same === id) return;
  throw new Rejected(
    'duplicate-document',
    `This document is registered already, as ${same}: use that id.`,
    document.sha256 === undefined ? '/title' : '/sha256',
    { document: same },
  );
}

/** Its publisher took it back: what it says counts no more. */
export function withdrawDocument(state: State, command: WithdrawDocument & Pick<Command, 'expect'>): Fact {
  const { act: _, id, expect, ...data } = command;
  const version = takingBack(requireToChange(state, id, 'document', expect), command, 'withdrawn');
  return { name: 'DocumentWithdrawn', data: { changes: [{ entity: id, version }], ...data } };
}

/** Noted once, for whoever looks for it: what it says still counts. */
export function markDocumentUnreachable(
  state: State,
  { id, reason, expect }: MarkDocumentUnreachable & Pick<Command, 'expect'>,
): Fact | null {
  const { version, unreachable } = requireToChange(state, id, 'document', expect);
  if (unreachable) return null;
  return { name: 'DocumentUnreachable', data: { changes: [{ entity: id, version: version + 1 }], reason } };
}
