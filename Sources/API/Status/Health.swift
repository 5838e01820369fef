import Basics
import HTTPServer
import ReplicaStore
import Replication
import Synchronization

/// Whether traffic should come here. Alive is another question: a process that answers is alive.
package final class Health: Sendable {
    private let isDraining = Atomic<Bool>(false)
    private let view: ReplicaView

    package init(view: ReplicaView) { self.view = view }

    /// From now on not ready: the service is about to stop.
    package func startDraining() { isDraining.store(true, ordering: .releasing) }

    /// Why the service is not ready.
    package struct Obstacle: Sendable, Hashable {
        /// A sentence.
        package let text: String
        /// The replica's reason by name, or `draining`.
        package let code: String
    }

    /// Why the service is not ready; nil when it is.
    package func obstacle() -> Obstacle? {
        if isDraining.load(ordering: .acquiring) { return Obstacle(text: "The service is stopping.", code: "draining") }
        if view.conditions().state == .live, view.store.snapshot != nil { return nil }
        let status = view.status()
        return Obstacle(
            text: "The replica is \(view.conditions().state.rawValue): \(status.sentence)",
            code: status.reasonCode.rawValue
        )
    }

    /// `/readyz`.
    func readiness() throws(Problem) -> HTTPResponse {
        if let obstacle = obstacle() {
            throw Problem(
                503,
                .replicaNotReady,
                obstacle.text,
                .reasonCode(obstacle.code),
                .retryAfter(seconds: 1)
            )
        }
        return Self.fine("ready")
    }

    /// `/livez`.
    func liveness() -> HTTPResponse { Self.fine("alive") }

    private static func fine(_ status: String) -> HTTPResponse { JSONResponse.make { $0.member("status", status) } }
}
