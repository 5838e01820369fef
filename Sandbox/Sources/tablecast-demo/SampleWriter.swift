import DynamoSandbox
import TableModel

/// Keeps changing the demo's table: orders move on, quantities change, lines come and go.
struct SampleWriter: Sendable {
    private let sandbox: DynamoSandbox
    private let table: String

    private static let pause: Duration = .milliseconds(400)

    /// Writes to `table`, which `SampleTable` made.
    init(sandbox: DynamoSandbox, table: String) {
        self.sandbox = sandbox
        self.table = table
    }

    /// Writes until the task is cancelled.
    func run() async {
        var step = 0
        while !Task.isCancelled {
            // The sandbox refuses nothing of this; and if it did, the next change comes soon.
            try? change(step)
            step += 1
            guard (try? await Task.sleep(for: Self.pause)) != nil else { return }
        }
    }

    private func change(_ step: Int) throws {
        let number = SampleTable.orderNumbers.randomElement() ?? SampleTable.orderNumbers.lowerBound
        let partition = SampleTable.partition(number)
        switch step % 5 {
        case 0, 1, 2:
            let state = SampleTable.states.randomElement() ?? "placed"
            try sandbox.update(
                ["pk": partition, "sk": .string("summary")],
                in: table,
                "SET #state = :state ADD updates :one",
                names: ["#state": "state"],
                values: [":state": .string(state), ":one": .number("1")]
            )
        case 3:
            try sandbox.put(
                [
                    "pk": partition,
                    "sk": .string("note"),
                    "text": .string("Looked at in step \(step)."),
                    "ratings": .numberSet(["\(step % 5)", "4.5"]),
                ],
                into: table
            )
        default:
            try sandbox.delete(["pk": partition, "sk": .string("note")], from: table)
            try sandbox.delete(["pk": .string("order#1001"), "sk": .string("note")], from: table)
        }
    }
}
