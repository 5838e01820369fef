import Service

await Program.run(DemoCommand.self)
