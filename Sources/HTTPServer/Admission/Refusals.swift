/// Refuses connections: tells their clients why, closes them, counts them, and warns the operator now and then.
final class Refusals: Sendable {
    private let limits: HTTPServerLimits
    private let responses: RefusalResponses
    private let observer: (any HTTPServerObserver)?
    private let warningOfConnections: PacedWarning
    private let warningOfAddress: PacedWarning

    init(_ configuration: HTTPServerConfiguration) {
        limits = configuration.limits
        responses = RefusalResponses(configuration)
        observer = configuration.observer
        warningOfConnections = PacedWarning(observer)
        warningOfAddress = PacedWarning(observer)
    }

    /// Responds to and closes a connection that no place is free for. The caller owns its descriptor no more.
    func refuse(_ accepted: AcceptedConnection, _ reason: HTTPRefusal) {
        let address = accepted.origin.clientText
        switch reason {
        case .total:
            let limit = limits.connections
            responses.tell(accepted, "all \(limit) connections that this server takes are in use")
            warningOfConnections.warn("connections are refused: the limit of \(limit) is reached.")
        case .address:
            let limit = limits.connectionsPerAddress
            responses.tell(accepted, "all \(limit) connections that one address may have are in use")
            warningOfAddress.warn(
                "connections of \(address) are refused: the limit of \(limit) for one address is reached."
            )
        }
        closeDescriptor(accepted.descriptor)
        observer?.connectionRefused(reason)
    }
}
