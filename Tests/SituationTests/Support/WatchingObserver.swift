import HTTPServer
import ReplicaStore
import Replication
import Service
import Synchronization
import TableModel

/// Keeps what replication reports, and looks at each snapshot as it is published: what it adds must not go back.
final class WatchingObserver: ReplicationObserver {
    private struct State {
        var events: [ReplicationEvent] = []
        var witness = Witness()
        var position: Position?
        var publications = 0
    }

    private let state = Mutex(State())
    private let store: ReplicaStore
    private let history: History
    private let schema: KeySchema

    init(_ store: ReplicaStore, _ history: History, _ schema: KeySchema) {
        self.store = store
        self.history = history
        self.schema = schema
    }

    var events: [ReplicationEvent] { state.withLock { $0.events } }
    var violations: [String] { state.withLock { $0.witness.violations } }
    var publications: Int { state.withLock { $0.publications } }

    func observe(_ event: ReplicationEvent) { state.withLock { $0.events.append(event) } }

    /// Listens to the store.
    func published() {
        state.withLock { state in
            state.publications += 1
            if schema == SandboxTable.schema { look(&state) }
        }
    }

    private func look(_ state: inout State) {
        guard let snapshot = store.snapshot else { return }
        let isSame = state.position?.epoch == snapshot.position.epoch
        snapshot.forEachChange(after: isSame ? state.position?.seq ?? 0 : 0) { record in
            let key = record.withKeyBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            var number: Int?
            if !record.isTombstone, case .number(let text)? = record.withPackedItem({ Item(packed: [UInt8]($0)) })["n"]
            {
                number = Int(text)
            }
            state.witness.take(key, number, epoch: snapshot.position.epoch.text, seq: record.seq, history)
            return true
        }
        state.position = snapshot.position
    }
}
