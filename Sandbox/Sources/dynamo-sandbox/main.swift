import Glibc

// A client that goes away must not end the process.
signal(SIGPIPE, SIG_IGN)
await SandboxProgram.run()
