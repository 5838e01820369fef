/// The connections of a loop that a wake-up reaches: those with a stream or a pending response.
struct WakeList {
    private(set) var connections: [Connection] = []

    mutating func insert(_ connection: Connection) {
        connection.wakeIndex = connections.count
        connections.append(connection)
    }

    mutating func remove(_ connection: Connection) {
        let last = connections.removeLast()
        if last !== connection {
            connections[connection.wakeIndex] = last
            last.wakeIndex = connection.wakeIndex
        }
        connection.wakeIndex = -1
    }
}
