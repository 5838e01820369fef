/// Facts about the replica that its followers receive beside its contents.
package struct ReplicaSource: Sendable, Hashable {
    /// The id of this service, then those of the services that its contents come from, nearest first.
    package var chain: [String]
    /// The table's name.
    package var tableName: String
    /// The stream's ARN; nil while unknown.
    package var streamARN: String?
    /// The attributes that the items lack, as `--ignore-attributes` names them.
    package var ignoredAttributes: String
    /// The replica's state by name (`starting`, `syncing`, `live`, `stale`, `rebuilding`).
    package var state: String
    /// Why it is in that state, in a sentence.
    package var reason: String

    package init(
        chain: [String] = [],
        tableName: String = "",
        streamARN: String? = nil,
        ignoredAttributes: String = "",
        state: String = "",
        reason: String = ""
    ) {
        self.chain = chain
        self.tableName = tableName
        self.streamARN = streamARN
        self.ignoredAttributes = ignoredAttributes
        self.state = state
        self.reason = reason
    }
}
