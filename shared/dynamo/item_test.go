package dynamo

import (
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
)

// The fields of an item stand in two places: in its tags, by which it is read, and
// in attributes, by which it is written.
func TestAnItemIsWrittenAsItIsRead(t *testing.T) {
	check := func(it item) {
		t.Helper()
		want, err := attributevalue.MarshalMap(it)
		if err != nil {
			t.Fatal(err)
		}
		if got := it.attributes(); !reflect.DeepEqual(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	check(item{})
	var all item
	for i := range reflect.TypeFor[item]().NumField() {
		var one item
		for _, v := range []reflect.Value{reflect.ValueOf(&one).Elem().Field(i), reflect.ValueOf(&all).Elem().Field(i)} {
			switch v.Kind() {
			case reflect.String:
				v.SetString("x" + reflect.TypeFor[item]().Field(i).Name)
			case reflect.Int64:
				v.SetInt(int64(-i - 1))
			case reflect.Bool:
				v.SetBool(true)
			default:
				t.Fatalf("a field of kind %v", v.Kind())
			}
		}
		check(one)
	}
	check(all)
}
