import CStart
import Service

// First of all: threads take over the processors of the thread that starts them.
start_restore_processors()
await Program.run(DemoCommand.self)
