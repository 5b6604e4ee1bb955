/** CSV as it is met: what its bytes are, where its rows end, and what becomes of rows that are broken. */
import { describe, expect, test } from '@jest/globals';
import { rowsOf, tableOf } from './made-up.fixture.js';
import type { Broken, Row } from './rows.js';

const isRow = (row: Row | Broken): row is Row => !('reason' in row);
const cells = async (content: string | Buffer, column: string, chunkBytes?: number): Promise<string[]> =>
  (await rowsOf(tableOf(content, chunkBytes))).filter(isRow).map((row) => row.text(column));

describe('rows', () => {
  test.each([
    ['LF', 'id,name\n1,one\n2,two\n'],
    ['CRLF', 'id,name\r\n1,one\r\n2,two\r\n'],
    ['a last line without an end', 'id,name\n1,one\n2,two'],
    ['empty lines', 'id,name\n\n1,one\n\n2,two\n\n'],
    ['columns in another order', 'name,id\none,1\ntwo,2\n'],
    ['names of columns in capitals, with spaces, and columns that nobody asks for', 'x, ID ,Name\n,1,one\n,2,two\n'],
    ['quoted cells', '"id","name"\n"1","one"\n"2","two"\n'],
    ['a row of HXL tags', 'id,name\n,#loc+name\n1,one\n2,two\n'],
  ])('%s', async (_, content) => {
    expect(await cells(content, 'id')).toEqual(['1', '2']);
    expect(await cells(content, 'name')).toEqual(['one', 'two']);
  });

  test('line breaks of any kind, commas and doubled quotes in a quoted cell', async () => {
    const content = 'id,name\r\n1,"a\nb\r\nc, ""d"""\r\n\r\n2,two\r\n';
    expect(await cells(content, 'name')).toEqual(['a\nb\r\nc, "d"', 'two']);
    // Where a row begins, counted as an editor counts.
    expect((await rowsOf(tableOf(content))).map(({ at }) => at)).toEqual([2, 6]);
  });

  test('a quote within a cell that is not quoted is a letter like others', async () => {
    expect(await cells('id,name\n1,Reuters "A headline\n2,two\n', 'name')).toEqual(['Reuters "A headline', 'two']);
  });

  test('a cell of a million characters', async () => {
    const [name, next] = await cells(`id,name\n1,"${'x'.repeat(1_000_000)}"\n2,two\n`, 'name', 65_536);
    expect(name).toHaveLength(1_000_000);
    expect(next).toBe('two');
  });

  test('a column that is missing is empty, and known to be missing', async () => {
    const row = (await rowsOf(tableOf('id\n1\n'))).find(isRow);
    expect(row?.text('name')).toBe('');
    expect([row?.has('id'), row?.has('name')]).toEqual([true, false]);
  });
});

describe('encodings', () => {
  test('UTF-8, also where a chunk ends within a letter', async () => {
    const content = 'id,name\n1,Nana-Mambéré حلب\n';
    expect(await cells(content, 'name')).toEqual(['Nana-Mambéré حلب']);
    expect(tableOf(content).notes()).toEqual(['Read as UTF-8.']);
  });

  test('bytes that are no UTF-8 are windows-1252, which is said; others in the same file stay UTF-8', async () => {
    const latin1 = Buffer.from('id,name\n1,Bouar \xE9t\xE9 \x96 x\n', 'latin1');
    const table = tableOf(Buffer.concat([latin1, Buffer.from('2,Ouham-Pendé\n')]));
    const names = (await rowsOf(table)).filter(isRow).map((row) => row.text('name'));
    expect(names).toEqual(['Bouar été – x', 'Ouham-Pendé']);
    expect(table.notes()).toEqual(['Read as UTF-8, but for 1 cells that are none: those as windows-1252 (Latin-1).']);
  });
});

describe('what is broken', () => {
  test('a row with too few or too many cells is named, and the others are read', async () => {
    const rows = await rowsOf(tableOf('id,name\n1,one\n2\n3,three,x\n4,four\n'));
    expect(rows.filter(isRow).map((row) => row.text('id'))).toEqual(['1', '4']);
    expect(rows.filter((row) => !isRow(row))).toEqual([
      { at: 3, reason: 'has 1 cells where 2 columns are named: it may be cut off', raw: '2' },
      { at: 4, reason: 'has 3 cells where 2 columns are named: it may be cut off', raw: '3,three,x' },
    ]);
  });

  test('a file that ends within its last row: the row is named, or at least the doubt', async () => {
    const rows = await rowsOf(tableOf('id,name,best\n1,one,12\n2,tw'));
    expect(rows.at(-1)).toMatchObject({ at: 3, reason: expect.stringContaining('cut off') });
    const table = tableOf('id,name,best\n1,one,12\n2,two,1');
    await rowsOf(table);
    expect(table.notes()[1]).toBe(
      'The last line, 3, has no end: if the file was cut there, its last number may be too short.',
    );
  });

  test('a quote that is never closed takes the rest of the file with it, which is said', async () => {
    const rows = await rowsOf(tableOf('id,name\n1,one\n2,"two\n3,three\n'));
    expect(rows.filter(isRow)).toHaveLength(1);
    expect(rows.at(-1)).toMatchObject({ at: 3, reason: expect.stringContaining('never closed') });
  });

  test('a quote that is never closed in a large file ends the reading', async () => {
    const content = `id,name\n1,one\n2,"${'two\n'.repeat(1_300_000)}`;
    await expect(rowsOf(tableOf(content, 65_536))).rejects.toThrow(
      'The row that begins in line 3 has no end within 5 MB',
    );
  });

  test('two columns of one name', async () => {
    await expect(rowsOf(tableOf('id,name,ID\n1,2,3\n'))).rejects.toThrow('Two columns of the file are named "id".');
  });
});
