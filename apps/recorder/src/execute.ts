/** The one message of the command bus: whatever is asked of a ledger goes through here, so a new act needs no new one. */
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Writers, type Outcome, type Request } from '#ledger';

export class Execute extends Command<Outcome> {
  constructor(readonly request: Request) {
    super();
  }
}

@CommandHandler(Execute)
export class ExecuteHandler implements ICommandHandler<Execute> {
  constructor(@Inject(Writers) private readonly writers: Writers) {}

  execute({ request }: Execute): Promise<Outcome> {
    return this.writers.execute(request);
  }
}
