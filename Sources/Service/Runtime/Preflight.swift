import AWSClient

/// Checks, before anything is read, that the table can be followed at all.
enum Preflight {
    /// Throws, in one line with what to do, for a table that has no stream or one whose records carry no new image.
    static func check(_ table: TableDescription) throws(StartUpError) {
        guard table.streamEnabled, table.latestStreamARN != nil else {
            throw StartUpError(
                .configuration,
                "table \(table.name) has no enabled stream; enable one: aws dynamodb update-table --table-name "
                    + "\(table.name) --stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES"
            )
        }
        switch table.streamViewType {
        case .newImage, .newAndOldImages: return
        case .keysOnly, .oldImage, nil:
            throw StartUpError(
                .configuration,
                "the stream of table \(table.name) has the view type \(table.streamViewType?.rawValue ?? "unknown"), "
                    + "which does not carry new items; disable it and enable one with NEW_IMAGE or NEW_AND_OLD_IMAGES"
            )
        }
    }
}
