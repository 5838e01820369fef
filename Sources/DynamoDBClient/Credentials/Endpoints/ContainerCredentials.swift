import Basics
import CurlTransport
import TableModel

/// The keys of a container's role, from the endpoint that `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `…_FULL_URI` names.
struct ContainerCredentials: CredentialsSource {
    private let environment: [String: String]
    private let server: String
    private let token: ContainerToken
    private let http: CredentialsHTTP
    private let limits: DynamoDBClientLimits
    private let time: TimeSource

    /// `server` is that of the relative URI. `time` waits between attempts.
    init(
        environment: [String: String],
        http: CredentialsHTTP,
        limits: DynamoDBClientLimits,
        server: String = ContainerEndpoint.ecsServer,
        time: TimeSource = .system
    ) {
        self.environment = environment.filter { $0.key.hasPrefix("AWS_CONTAINER_") }
        self.server = server
        token = ContainerToken(environment: environment, byteLimit: limits.credentialsResponseBytes)
        self.http = http
        self.limits = limits
        self.time = time
    }

    /// The keys of the role; `isCredentialsNotFound` when neither variable is set.
    func load() async throws(DynamoDBError) -> LoadedCredentials {
        guard let endpoint = try ContainerEndpoint(environment: environment, server: server) else {
            throw .configuration(
                subject: "container",
                code: .credentialsNotFound,
                message: DynamoDBError.noKeysHere,
                hint: "Set \(ContainerEndpoint.relativeVariable) or \(ContainerEndpoint.fullVariable).",
                kind: .accessDenied
            )
        }
        let token = try await token.read()
        var failures = 0
        while true {
            do throws(DynamoDBError) { return try await attempt(endpoint, token) } catch {
                failures += 1
                guard error.isRetryable, failures < limits.containerAttempts else { throw error }
                // A cancelled wait ends at once, and the next attempt says that the task was cancelled.
                try? await time.sleep(limits.endpointRetry.wait(failures: failures - 1, fraction: time.random()))
            }
        }
    }

    private func attempt(_ endpoint: ContainerEndpoint, _ token: String?) async throws(DynamoDBError)
        -> LoadedCredentials
    {
        let call = CallContext(
            operation: "GetContainerCredentials",
            subject: "container",
            endpoint: endpoint.url.server
        )
        var request = TransferRequest(
            url: endpoint.url.text,
            fields: [HTTPField(name: "Accept", value: "application/json")]
        )
        if let token { request.fields.append(HTTPField(name: "Authorization", value: token)) }
        request.isDirect = endpoint.isLocal
        let response: TransferResponse
        do throws(TransportFailure) { response = try await http.send(request, timeout: limits.containerTimeout) } catch
        {
            let failure = error.error(call)
            guard failure.kind == .transient else { throw failure }
            throw call.error(.transient, failure.code, failure.message, hint: endpoint.reachabilityHint)
        }
        guard response.status == 200 else { throw refusal(response, endpoint, token, call) }
        let source = "container at \(endpoint.url.server.hostAndPort)"
        return try response.credentials(call, source: source, hint: endpoint.refusalHint)
    }

    private func refusal(
        _ response: TransferResponse,
        _ endpoint: ContainerEndpoint,
        _ token: String?,
        _ call: CallContext
    ) -> DynamoDBError {
        let kind = ServiceFault.kind(code: nil, status: response.status)
        // An endpoint may quote the request. A token that is cut would not be found.
        var words = response.endpointWords(limit: limits.credentialsResponseBytes)
        if let token { words = words.replacing(token, with: "…") }
        words = ServiceFault.bounded(words, limits.messageCharacters)
        return call.error(
            kind == .fatal ? .accessDenied : kind,
            "HTTP \(response.status)",
            "\(endpoint.url.server) responded with status \(response.status)\(words.isEmpty ? "" : ": \(words)")",
            hint: kind == .transient || kind == .throttled ? endpoint.reachabilityHint : endpoint.refusalHint
        )
    }
}

extension TransferResponse {
    /// The keys of a 200. A document that cannot be used is `malformed`, and its error shows no value.
    func credentials(_ call: CallContext, source: String, hint: String) throws(DynamoDBError) -> LoadedCredentials {
        func malformed(_ reason: String) -> DynamoDBError {
            call.error(
                .malformed,
                "InvalidCredentials",
                "\(call.endpoint) sent credentials that cannot be used: \(reason)",
                hint: hint
            )
        }
        let document: CredentialsDocument
        do throws(JSONError) { document = try CredentialsDocument(body) } catch { throw malformed(error.located) }
        do throws(CredentialsDocument.Defect) { return try document.loaded(source: source) } catch {
            throw malformed(error.reason)
        }
    }

    /// The words of an error response: code and message of a JSON document, or a short text; empty for a page.
    func endpointWords(limit: Int) -> String {
        if let document = try? CredentialsDocument(body), document.code != nil || document.message != nil {
            return ServiceFault.bounded(
                [document.code, document.message].compactMap(\.self).joined(separator: ": "),
                limit
            )
        }
        guard let first = body.first(where: { $0 > 0x20 }), ![UInt8(ascii: "<"), UInt8(ascii: "{")].contains(first)
        else {
            return ""
        }
        return ServiceFault.bounded(String(decoding: body.prefix(4 * limit), as: UTF8.self), limit)
    }
}
