/** The one message of the command bus: whatever is asked of a ledger goes through here, so a new act needs no new one. */
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Outcome, Request } from '#ledger';
import { Dispatcher, type Sent } from './dispatcher.js';

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
