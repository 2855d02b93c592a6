/** An answer of the Docker Engine API other than success: `{"message": …}` with a status. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
