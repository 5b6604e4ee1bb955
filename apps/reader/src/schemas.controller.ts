/** The schemas that records name in `dataschema`, and the problems that answers name in `type`. */
import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Problem } from '#contracts';
import type { RecordName } from '#domain';
import { recordSchema, RECORD_VERSIONS } from '#ledger';

@ApiTags('Reading')
@Controller('schemas')
export class SchemasController {
  @Get(':file')
  @ApiParam({
    name: 'file',
    description: 'Name of the record, its version, .json.',
    example: 'StatementRecorded.v1.json',
  })
  @ApiOperation({ summary: 'JSON Schema of the data of a record, such as StatementRecorded.v1.json' })
  @ApiProduces('application/schema+json')
  @Header('content-type', 'application/schema+json')
  @Header('cache-control', 'public, max-age=31536000, immutable')
  schema(@Param('file') file: string): object {
    const [, name = '', version = ''] = /^([A-Za-z]+)\.v([1-9]\d{0,3})\.json$/.exec(file) ?? [];
    const newest = Object.hasOwn(RECORD_VERSIONS, name) ? RECORD_VERSIONS[name as RecordName] : 0;
    if (Number(version) < 1 || Number(version) > newest) {
      throw new Problem(
        'not-found',
        `There is no schema ${file}: the records are ${Object.keys(RECORD_VERSIONS).join(', ')}.`,
      );
    }
    return recordSchema(name, Number(version));
  }
}
