/** The server refuses a request, and would refuse it again. */
export class RefusedError extends Error {
    constructor(status, problem) {
        super(problem?.detail ?? `the server answered ${status}`);
        this.name = "RefusedError";
        this.status = status;
        this.problem = problem ?? null;
    }
}

/** The error for a response that refuses. */
export async function refusal(response) {
    return new RefusedError(response.status, await response.json().catch(() => null));
}
