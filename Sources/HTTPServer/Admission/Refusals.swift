/// Refuses connections: tells their clients why, closes them, counts them, and warns the operator now and then.
final class Refusals: Sendable {
    private let connectionLimit: Int
    private let addressLimit: Int
    private let answers: RefusalResponses
    private let observer: (any HTTPServerObserver)?
    private let ofConnections = PacedWarning()
    private let ofAddress = PacedWarning()

    /// `connectionLimit` and `addressLimit` are the limits that the texts name.
    init(
        connectionLimit: Int,
        addressLimit: Int,
        answers: RefusalResponses,
        observer: (any HTTPServerObserver)?
    ) {
        self.connectionLimit = connectionLimit
        self.addressLimit = addressLimit
        self.answers = answers
        self.observer = observer
    }

    /// Answers and closes a connection that no place is free for. The caller owns its descriptor no more.
    func refuse(_ accepted: EventLoop.Accepted, _ reason: HTTPRefusal) {
        switch reason {
        case .total:
            answers.tell(
                accepted.descriptor,
                peer: accepted.peerAddress,
                "all \(connectionLimit) connections that this server takes are in use"
            )
            warnOfConnections()
        case .address:
            answers.tell(
                accepted.descriptor,
                peer: accepted.peerAddress,
                "all \(addressLimit) connections that one address may have are in use"
            )
            warnOfAddress(accepted.peerAddress)
        }
        closeDescriptor(accepted.descriptor)
        observer?.connectionRefused(reason)
    }

    private func warnOfAddress(_ address: String) {
        guard ofAddress.isDue() else { return }
        observer?.serverWarning(
            "connections of \(address) are refused: the limit of \(addressLimit) for one address is reached."
        )
    }

    private func warnOfConnections() {
        guard ofConnections.isDue() else { return }
        observer?.serverWarning("connections are refused: the limit of \(connectionLimit) is reached.")
    }
}
