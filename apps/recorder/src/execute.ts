/** The messages of the command bus, one command or many: whatever is asked of a ledger goes through here, so a new act needs no new one. */
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Outcome, Request } from '#ledger';
import { Dispatcher, type BatchOutcome, type LineOfBatch, type Sent } from './dispatcher.js';

export class Execute extends Command<Outcome> {
  constructor(
    readonly request: Request,
    readonly sent: Sent,
  ) {
    super();
  }
}

@CommandHandler(Execute)
export class ExecuteHandler implements ICommandHandler<Execute> {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  execute({ request, sent }: Execute): Promise<Outcome> {
    return this.dispatcher.execute(request, sent);
  }
}

export class ExecuteAll extends Command<BatchOutcome> {
  constructor(
    readonly ledger: string,
    readonly commands: readonly LineOfBatch[],
    readonly sent: Sent,
  ) {
    super();
  }
}

@CommandHandler(ExecuteAll)
export class ExecuteAllHandler implements ICommandHandler<ExecuteAll> {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  execute({ ledger, commands, sent }: ExecuteAll): Promise<BatchOutcome> {
    return this.dispatcher.executeAll(ledger, commands, sent);
  }
}
