import Service

await Program.run(TablecastCommand.self)
