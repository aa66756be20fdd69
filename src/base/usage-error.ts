/** Something that the user of a command can put right: the message is all there is to say. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}
