import Basics
import HTTPServer
import ReplicaStore
import Replication
import Synchronization

/// Whether traffic should come here. Alive is another question: a process that answers is alive.
package final class Health: Sendable {
    /// The query parameters of `/readyz`.
    static let parameters = [ReadyWhen.parameter]

    private let isDraining = Atomic<Bool>(false)
    private let view: ReplicaView
    /// The condition where a request names none.
    let readyWhen: ReadyWhen

    /// `readyWhen` is the condition where a request names none.
    package init(view: ReplicaView, readyWhen: ReadyWhen = .live) {
        self.view = view
        self.readyWhen = readyWhen
    }

    /// From now on not ready: the service is about to stop.
    package func startDraining() { isDraining.store(true, ordering: .releasing) }

    /// Why the service is not ready.
    package struct Obstacle: Sendable, Hashable {
        /// A sentence.
        package let text: String
        /// The replica's reason by name, or `draining`.
        package let code: String
    }

    /// Why the service is not ready; nil when it is. Without a condition the service's own holds.
    package func obstacle(to condition: ReadyWhen? = nil) -> Obstacle? {
        if isDraining.load(ordering: .acquiring) { return Obstacle(text: "The service is stopping.", code: "draining") }
        // A replica that withholds its contents has no snapshot.
        if view.store.snapshot != nil {
            switch condition ?? readyWhen {
            case .live: if view.conditions().state == .live { return nil }
            case .serving: return nil
            }
        }
        let status = view.status()
        return Obstacle(
            text: "The replica is \(view.conditions().state.rawValue): \(status.sentence)",
            code: status.reasonCode.rawValue
        )
    }

    /// `/readyz`: by the condition that the request names, or by the service's own.
    func readiness(for call: APICall) throws(Problem) -> HTTPResponse {
        let parameters = try QueryParameters(call.request, allowed: Self.parameters)
        let condition = try parameters.choice(ReadyWhen.parameter, default: readyWhen)
        let state = view.conditions().state
        if let obstacle = obstacle(to: condition) {
            throw Problem(
                503,
                .replicaNotReady,
                obstacle.text,
                .reasonCode(obstacle.code),
                .state(state),
                .readyWhen(condition),
                .retryAfter(seconds: 1)
            )
        }
        return JSONResponse.make {
            $0.member("status", "ready")
            $0.member("state", state.rawValue)
            $0.member(ReadyWhen.parameter, condition.rawValue)
        }
    }

    /// `/livez`.
    func liveness() -> HTTPResponse { JSONResponse.make { $0.member("status", "alive") } }
}
