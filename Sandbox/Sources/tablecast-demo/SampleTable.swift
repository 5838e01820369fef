import DynamoSandbox
import TableModel

/// The demo's table: orders with their lines, as a single-table design keeps them.
enum SampleTable {
    static let schema = KeySchema(
        partition: KeyAttribute(name: "pk", type: .string),
        sort: KeyAttribute(name: "sk", type: .string)
    )
    static let orderNumbers = 1001...1120

    private static let customers = ["Ada", "Grace", "Edsger", "Barbara", "Donald", "Radia", "Ken", "Frances"]
    private static let goods: [(sku: String, name: String, price: String)] = [
        ("tea-250", "Black tea, 250 g", "4.90"), ("mug-01", "Stoneware mug", "12.50"),
        ("pot-07", "Glass pot, 0.7 l", "24"), ("spoon-2", "Measuring spoon", "3.25"),
        ("tin-11", "Tea tin, green", "8.75"), ("filter-x", "Paper filters, 100", "2.99"),
    ]
    static let states = ["placed", "paid", "packed", "shipped", "delivered"]

    /// Creates the table and fills it.
    static func create(_ name: String, in sandbox: DynamoSandbox) throws {
        try sandbox.createTable(name, schema)
        for number in orderNumbers { try sandbox.put(all: order(number), into: name) }
    }

    /// An order's summary and its lines.
    static func order(_ number: Int) -> [[AttributeName: AttributeValue]] {
        let lines = 1 + number % 4
        return [summary(number, lines: lines)] + (1...lines).map { line(number, $0) }
    }

    static func partition(_ number: Int) -> AttributeValue { .string("order#\(number)") }

    private static func summary(_ number: Int, lines: Int) -> [AttributeName: AttributeValue] {
        [
            "pk": partition(number),
            "sk": .string("summary"),
            "customer": .map([
                "name": .string(customers[number % customers.count]),
                "city": .string(number % 3 == 0 ? "Zürich" : "Lisbon"),
            ]),
            "state": .string(states[number % states.count]),
            "lines": .number(String(lines)),
            "gift": .bool(number % 5 == 0),
            "note": number % 7 == 0 ? .string("Ring twice, please.") : .null,
            "tags": .stringSet(number % 2 == 0 ? ["web", "returning"] : ["shop"]),
            "updates": .number("0"),
        ]
    }

    private static func line(_ number: Int, _ line: Int) -> [AttributeName: AttributeValue] {
        let good = goods[(number + line) % goods.count]
        return [
            "pk": partition(number),
            "sk": .string("line#\(line)"),
            "sku": .string(good.sku),
            "name": .string(good.name),
            "price": .number(good.price),
            "quantity": .number(String(1 + (number * line) % 5)),
            "dimensions": .list([.number("12"), .number("8.5"), .number("3")]),
            "barcode": .binary(Array("\(good.sku)/\(number)".utf8)),
        ]
    }
}
