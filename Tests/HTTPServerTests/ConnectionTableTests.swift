import Testing

@testable import HTTPServer

@Suite struct ConnectionTableTests {
    @Test("an old token never finds the connection that took over its slot")
    func generations() {
        var table = ConnectionTable()
        func add() -> Connection {
            let connection = Connection(
                AcceptedConnection(testing: 9),
                token: table.reserve(),
                now: 0
            )
            table.insert(connection)
            return connection
        }
        let first = add()
        let second = add()
        #expect(table[first.token] === first)
        table.remove(first.token)
        #expect(table[first.token] == nil)
        let third = add()
        #expect(third.token & 0xFFFF_FFFF == first.token & 0xFFFF_FFFF)
        #expect(table[first.token] == nil)
        #expect(table[third.token] === third)
        #expect(table[second.token] === second)
        #expect(table.count == 2)
        #expect(table[UInt64(77)] == nil)
    }
}
