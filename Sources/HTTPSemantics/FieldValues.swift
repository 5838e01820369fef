/// A request whose known fields can be read.
package protocol FieldValues {
    /// Which of the known fields it has.
    var fields: RequestFields { get }

    /// The value of a field; several of one name are joined with commas. Nil when absent.
    func header(_ field: RequestFields.Field) -> String?

    /// Calls `body` with the value of each field of this name, in order, white space around it dropped. Each is valid
    /// only during the call.
    func forEachValue(of field: RequestFields.Field, _ body: (UnsafeBufferPointer<UInt8>) -> Void)
}
