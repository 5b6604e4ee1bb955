/** Documents: what makes two of them the same. */
import { canonicalText } from './canonical.js';
import type { Command, MarkDocumentUnreachable, RegisterDocument, WithdrawDocument } from './commands.js';
import type { Fact } from './records.js';
import { expectSpan, requireKind, requireNew, requireToChange, takingBack } from './rules.js';
import { Rejected } from './rejected.js';
import type { State } from './state.js';
import type { Document } from './vocabulary.js';

/**
 * A document with bytes is the same as another of its publisher with the same SHA-256; a citation (no bytes) is the same
 * as anything of the same publisher, date and title (codebook, section 1). `known` is what it is found by afterwards,
 * `own` what must not be taken when it is registered.
 */
export function documentKeys(document: Document): { own: string; known: string[] } {
  const citation = `cited ${canonicalText([document.publisher, document.published?.from ?? null, document.title])}`;
  if (document.sha256 === undefined) return { own: citation, known: [citation] };
  const bytes = `bytes ${document.sha256} ${document.publisher}`;
  return { own: bytes, known: [bytes, citation] };
}

export function registerDocument(state: State, { id, document }: RegisterDocument): Fact {
  requireNew(state, id);
  requireKind(state, document.publisher, 'actor', '/publisher');
  if (document.copyOf !== undefined) requireKind(state, document.copyOf, 'document', '/copyOf');
  expectSpan(document.published, '/published');
  const same = state.documents.get(documentKeys(document).own);
  if (same !== undefined) {
    throw new Rejected(
      'duplicate-document',
      `This document is registered already, as ${same}: use that id.`,
      document.sha256 === undefined ? '/title' : '/sha256',
      { document: same },
    );
  }
  return { name: 'DocumentRegistered', data: { changes: [{ entity: id, version: 1 }], document } };
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
