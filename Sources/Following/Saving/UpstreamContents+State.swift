import StateStore
import TableModel

extension UpstreamContents {
    /// The identity of a saved state of these contents. Nil where they cannot be gone on with after a restart: a part of the keys is loaded at
    /// each connection, and without a stream no position says of what it is.
    var stateIdentity: StateIdentity? {
        guard !isPartial, stream != nil, let streamARN else { return nil }
        guard let ignored = ignoredAttributes.isEmpty ? AttributePatterns.none : AttributePatterns(ignoredAttributes)
        else { return nil }
        return StateIdentity(
            tableName: tableName,
            keySchema: keySchema,
            streamARN: streamARN,
            ignoredAttributes: ignored,
            origin: .replica
        )
    }
}
