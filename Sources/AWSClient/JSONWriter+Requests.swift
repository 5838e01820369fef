import Basics
import TableModel

extension JSONWriter {
    /// Writes a member that is attributes in DynamoDB's typed form, by name.
    mutating func member(_ name: String, _ attributes: [AttributeName: AttributeValue]) {
        self.name(name)
        self.attributes(attributes)
    }

    /// Writes a member that is a list of attributes.
    mutating func member(_ name: String, _ list: [[AttributeName: AttributeValue]]) {
        array(name, list) { $0.attributes($1) }
    }

    private mutating func attributes(_ attributes: [AttributeName: AttributeValue]) {
        object { json in
            // Sorted, so that equal requests have equal bytes.
            for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
                json.name(name.text)
                json.separate()
                Self.appendDynamoDB(value, to: &json.bytes)
            }
        }
    }
}
