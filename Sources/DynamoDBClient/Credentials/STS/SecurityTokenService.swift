import Basics
import CurlTransport

/// A client of the AWS Security Token Service of a Region: gives keys of a role for keys or for a token.
struct SecurityTokenService: Sendable {
    /// The keys of a role.
    struct RoleKeys: Sendable, Hashable {
        let credentials: Credentials
        /// Milliseconds since 1970 UTC.
        let expiresAt: Int64
    }

    private let endpoint: Endpoint
    private let context: CredentialsContext
    /// By the continuous clock. No attempt begins later, and none lasts longer.
    private let deadline: Duration

    /// The service at the endpoint that the configuration names. All calls of one load of keys share its patience, so make one for each.
    init(_ context: CredentialsContext) throws(DynamoDBError) {
        self.context = context
        endpoint = try context.endpoint(.sts, context.region)
        deadline = context.clock.time.continuous() + context.limits.securityToken.maximumElapsed
    }

    /// Makes a call, with retries of failures that may pass. A signature that STS finds too old or too new is made once more, by STS's clock.
    func perform(_ request: SecurityTokenRequest) async throws(DynamoDBError) -> RoleKeys {
        let call = CallContext(operation: request.action.rawValue, subject: "role \(request.role)", endpoint: endpoint)
        let time = context.clock.time
        var policy = context.limits.securityToken
        policy.maximumElapsed = max(.zero, deadline - time.continuous())
        // Calls are rare: the number of attempts bounds the retries, and they share no budget.
        var progress = RetryProgress(policy: policy, budget: RetryBudget(capacity: .max / 2), time: time)
        while true {
            do throws(DynamoDBError) { return try await attempt(request, call) } catch {
                switch progress.next(after: error) {
                case .giveUp, .replaceCredentials: throw error
                case .correctTime: continue
                case .wait(let delay):
                    do { try await time.sleep(delay) } catch { throw TransportFailure(.cancelled).error(call) }
                }
            }
        }
    }

    private func attempt(_ request: SecurityTokenRequest, _ call: CallContext) async throws(DynamoDBError) -> RoleKeys {
        let (time, limits) = (context.clock.time, context.limits)
        let signingTime = context.clock.signingTime
        var transfer = request.transfer(to: endpoint)
        if let signer = request.signer {
            transfer.sign(
                for: endpoint,
                with: signer,
                region: context.region,
                service: "sts",
                milliseconds: signingTime.milliseconds
            )
        }
        let sent = time.continuous()
        let response: TransferResponse
        do throws(TransportFailure) {
            response = try await context.http.send(
                transfer,
                // An attempt of no time at all would say nothing of the service.
                timeout: max(.milliseconds(100), min(limits.securityToken.attemptTimeout, deadline - sent))
            )
        } catch {
            throw Self.error(error, call)
        }
        let received = time.continuous()
        guard response.status == 200 else {
            let error = SecurityTokenFault.error(response, to: request, call, limits: limits)
            if error.isClockTrouble {
                note(response, sent: sent, received: received)
                context.clock.rejected(signingTime)
            }
            throw error
        }
        let keys = try Self.keys(response, call)
        note(response, sent: sent, received: received)
        return keys
    }

    /// Only what was understood is the service's word: a proxy has a clock of its own.
    private func note(_ response: TransferResponse, sent: Duration, received: Duration) {
        guard let date = response.date else { return }
        context.clock.note(date: date, sent: sent, received: received)
    }

    private static func error(_ failure: TransportFailure, _ call: CallContext) -> DynamoDBError {
        guard case .responseTooLarge(let limit) = failure.cause else { return failure.error(call) }
        return malformed(call, "\(call.endpoint) sent more than the \(limit) bytes allowed")
    }

    private static func keys(_ response: TransferResponse, _ call: CallContext) throws(DynamoDBError) -> RoleKeys {
        let document: XMLTexts
        do throws(XMLTexts.Malformed) { document = try XMLTexts(response.body) } catch {
            throw malformed(call, "\(call.endpoint) answered with a body that is not XML")
        }
        func text(_ name: String) throws(DynamoDBError) -> String {
            guard let text = document["Credentials", name], !text.isEmpty else {
                throw malformed(call, "the response of \(call.endpoint) has no \(name)")
            }
            // A key goes into header fields, so it is a text of printable characters; the value stays out of the error.
            guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw malformed(call, "\(name) in the response of \(call.endpoint) has characters that no key has")
            }
            return text
        }
        guard let expiresAt = Timestamp.lenientMilliseconds(try text("Expiration")) else {
            throw malformed(call, "Expiration in the response of \(call.endpoint) is not a time")
        }
        return RoleKeys(
            credentials: Credentials(
                accessKeyID: try text("AccessKeyId"),
                secretAccessKey: try text("SecretAccessKey"),
                sessionToken: try text("SessionToken")
            ),
            expiresAt: expiresAt
        )
    }

    private static func malformed(_ call: CallContext, _ message: String) -> DynamoDBError {
        call.error(
            .malformed,
            "InvalidResponse",
            message,
            hint: "Check that \(call.endpoint) is the Security Token Service and not a proxy or another server."
        )
    }
}
