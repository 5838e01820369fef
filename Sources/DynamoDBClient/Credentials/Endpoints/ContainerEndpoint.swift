/// The endpoint that hands out the keys of a container's role: on ECS, in an EKS pod with Pod Identity, or of a program beside this one
/// (AWS SDKs and Tools Reference Guide, "Container credential provider").
struct ContainerEndpoint: Sendable, Hashable {
    /// The platform that the address belongs to.
    enum Platform: Sendable, Hashable {
        case ecs
        case podIdentity
        case other
    }

    static let relativeVariable = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    static let fullVariable = "AWS_CONTAINER_CREDENTIALS_FULL_URI"

    /// The address of the ECS agent.
    static let ecsServer = "http://169.254.170.2"

    let url: MetadataURL

    /// The endpoint that the variables name; nil where they name none. The relative URI wins. `server` is that of the relative URI.
    init?(environment: [String: String], server: String = Self.ecsServer) throws(DynamoDBError) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let path = value(Self.relativeVariable) {
            // Without the slash, the text would change the host.
            guard path.hasPrefix("/") else {
                throw .configuration(
                    subject: Self.relativeVariable,
                    code: "InvalidEndpointURL",
                    message: "the value does not begin with a slash",
                    hint: "Leave the variable to ECS, which sets it for tasks with a task role.",
                    kind: .accessDenied
                )
            }
            url = try MetadataURL(server + path, source: Self.relativeVariable, example: "/v2/credentials/…")
        } else if let text = value(Self.fullVariable) {
            url = try MetadataURL(
                text,
                source: Self.fullVariable,
                example: "http://169.254.170.23/v1/credentials"
            )
            try checkHost()
        } else {
            return nil
        }
    }

    /// Whether the server is this machine or belongs to it, so that no proxy can reach it.
    var isLocal: Bool { url.server.isLoopback || platform != .other }

    var platform: Platform {
        if url.server.isAddress(in: ["169.254.170.2"]) { return .ecs }
        return url.server.isAddress(in: ["169.254.170.23", "fd00:ec2::23"]) ? .podIdentity : .other
    }

    /// Keys and the token travel in clear text over http, so only to where nobody can listen.
    private func checkHost() throws(DynamoDBError) {
        guard url.server.scheme == "http", !isLocal else { return }
        throw .configuration(
            subject: Self.fullVariable,
            code: "InsecureEndpoint",
            message:
                "http is allowed only to this machine and to the container endpoints of AWS, and \(url.server.host) is neither",
            hint: "Use https, or one of localhost, 127.0.0.1, [::1], 169.254.170.2, 169.254.170.23 and [fd00:ec2::23].",
            kind: .accessDenied
        )
    }
}

extension ContainerEndpoint {
    /// The advice where nothing responds.
    var reachabilityHint: String {
        switch platform {
        case .ecs: "Check that the ECS agent runs, and that nothing in the task blocks 169.254.170.2."
        case .podIdentity: "Check that the EKS Pod Identity agent (DaemonSet eks-pod-identity-agent) runs on this node."
        case .other: "Check that the program that \(Self.fullVariable) names is running."
        }
    }

    /// The advice where the endpoint refuses.
    var refusalHint: String {
        switch platform {
        case .ecs: "Check that the task has a task role, and that its trust policy names ecs-tasks.amazonaws.com."
        case .podIdentity:
            "Check the Pod Identity association of the service account, and that the role's trust policy names pods.eks.amazonaws.com."
        case .other: "Check \(Self.fullVariable) and the authorization token."
        }
    }
}
