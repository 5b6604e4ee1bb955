/**
 * The report of a verification: for people, lines as things are found and a summary; as JSON, one document that is written
 * as it goes, so that however many findings there are, none is kept in memory.
 */
import { count, type Progress } from '#runtime';
import { inWords, type Finding } from './findings.js';
import type { Verified } from './verify.js';

export interface Report {
  found(finding: Finding): void;
  end(verified: Verified, took: Took): void;
}

/** What it took. */
export interface Took {
  seconds: number;
  /** At most, of memory. */
  megabytes: number;
  /** Records on the topic of a Kafka that the ledger did not write, with why. */
  quarantine: readonly { offset: number; why: string }[];
}

/** To people; what is found stands above the progress. */
export function reportToPeople(ledger: string, progress: Progress): Report {
  return {
    found: (finding) => progress.tell(inWords(finding)),
    end(verified, { seconds, megabytes, quarantine }) {
      const { records, faults, privateTexts, readModels, outcome } = verified;
      const tell = (line: string): void => progress.tell(line);
      const rate = count(Math.round(records / Math.max(seconds, 0.001)));
      tell(`Log: ${count(records)} records of ${ledger}, ${count(faults)} faults.`);
      const { opened, destroyed, unopened } = privateTexts;
      if (opened + destroyed + unopened > 0) {
        tell(
          `Private texts: ${count(opened)} opened and thrown away, ${count(destroyed)} whose key was destroyed, ${count(unopened)} not opened for want of the master key.`,
        );
      }
      for (const { offset, why } of quarantine)
        tell(`Not of the ledger: offset ${offset} of its topic, because ${why}. It counts for nothing.`);
      if (readModels !== null) tell(inWordsOf(readModels, records));
      tell(`${count(Math.round(seconds * 10) / 10)} s, ${rate} records/s, ${count(Math.round(megabytes))} MB.`);
      tell({ clean: 'Clean.', differs: 'The read models DIFFER from the log.', broken: 'The log is BROKEN.' }[outcome]);
    },
  };
}

function inWordsOf(
  { schema, asOf, events, rows, abouts, differences }: NonNullable<Verified['readModels']>,
  records: number,
): string {
  const behind = asOf < records ? ` (the log goes on to ${count(records)})` : '';
  const figures =
    rows === null
      ? 'nothing was worked out, because the log is broken'
      : `${count(rows)} rows about ${count(abouts ?? 0)} incidents and scopes worked out and compared`;
  return `Read models ${schema} as of ${count(asOf)}${behind}: ${count(events)} copies compared, ${figures}, ${count(differences)} differences.`;
}

export function reportAsJson(ledger: string, write: (text: string) => void): Report {
  let isFirst = true;
  write(`{"ledger":${JSON.stringify(ledger)},"findings":[`);
  return {
    found(finding) {
      write(`${isFirst ? '' : ','}\n${JSON.stringify(finding)}`);
      isFirst = false;
    },
    end({ outcome, records, faults, privateTexts, readModels }, took) {
      const rest = { outcome, log: { records, faults, privateTexts }, readModels, ...took };
      write(`],\n${JSON.stringify(rest).slice(1)}\n`);
    },
  };
}
