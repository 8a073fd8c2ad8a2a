# "manifest" 영역 점검 항목의 문구.

check-deprecated-api-version = 오래된 API 버전
    .message = { $state ->
        [removed] 쿠버네티스 1.{ NUMBER($since, useGrouping: 0) }부터는 { $version }의 { $kind } API가 제공되지 않습니다.
       *[deprecated] { $version }의 { $kind } API는 쿠버네티스 1.{ NUMBER($since, useGrouping: 0) }부터 사용이 중단되었습니다.
        }
    .why = 클러스터를 업그레이드한 뒤에는 오브젝트를 적용할 수 없습니다. 새 버전을 대상으로 작성한 정책은 이전 버전을 확인하지 못합니다.
    .fix = 안정(stable) 버전의 API를 사용하고 바뀐 필드를 수정하십시오.

check-duplicate-yaml-key = 중복된 키
    .message = { $key } 키가 두 번 나오며 쿠버네티스는 마지막 값을 사용합니다.
    .why = 사람과 다른 도구는 첫 번째 값을 읽습니다. 검토를 통과한 내용이 아래쪽에서 덮어써질 수 있습니다.
    .fix = 둘 중 하나만 남기십시오.

check-unknown-kind = 존재하지 않는 종류
    .message = 쿠버네티스의 { $version }에는 { $kind } 종류가 없습니다. `{ $right }`의 잘못된 표기로 보입니다.
    .why = API 서버가 오브젝트를 거부하므로 보호하거나 교체하려던 대상이 그대로 남습니다. 의도한 종류로 점검되지도 않습니다.
    .fix = apiVersion과 kind를 `{ $right }`에 맞게 수정하십시오.

check-unsorted-keys = 정렬되지 않은 키
    .message = { $key } 키가 알파벳 순서에 맞지 않습니다.
    .why = 키를 정렬하면 매니페스트의 차이가 작아지고 중복이 눈에 띕니다.
    .fix = 맵의 키를 정렬하십시오.
