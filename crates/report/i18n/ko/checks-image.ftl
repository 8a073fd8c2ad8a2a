# "image" 영역 점검 항목의 문구.

check-image-not-allowed = 허용되지 않은 레지스트리의 이미지
    .message = 컨테이너 { $container }의 이미지 { $image }{ JOSA($image, "은/는") } 허용된 위치의 이미지가 아닙니다.
    .why = 다른 곳의 이미지는 조직에서 검사하거나 서명하거나 보관한 것이 아닙니다. 그 레지스트리를 통제하는 사람이 실행되는 내용을 통제합니다.
    .fix = 허용된 레지스트리로 이미지를 복사하고 그 이름을 사용하십시오.

check-image-not-pinned = 다이제스트로 고정되지 않은 이미지
    .message = 컨테이너 { $container }의 이미지 { $image }{ JOSA($image, "이/가") } 다이제스트로 지정되지 않았습니다.
    .why = 레지스트리에 푸시할 수 있는 사람은 태그를 다른 이미지로 옮길 수 있습니다. 다이제스트는 항상 하나의 이미지만 가리킵니다.
    .fix = 이미지에 다이제스트를 추가하십시오(`name:tag@sha256:…`).

check-image-pull-policy-not-always = 노드 캐시의 이미지 사용
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 노드에 이미 있는 이미지로 시작될 수 있습니다.
    .why = 노드에서 파드를 시작할 수 있는 사람은 레지스트리 자격 증명 없이 캐시된 이미지를 사용할 수 있고, 태그가 바뀌어도 알 수 없습니다.
    .fix = `imagePullPolicy: Always`를 설정하거나 이미지를 다이제스트로 지정하십시오.

check-mutable-image-tag = 고정되지 않은 이미지 버전
    .message = 컨테이너 { $container }의 이미지 { $image }{ JOSA($image, "이/가") } 특정 버전으로 고정되어 있지 않습니다.
    .why = 노드가 언제 이미지를 받았는지에 따라 실행되는 내용이 달라집니다. 어떤 버전이 실행 중인지 알 수 없고 롤백해도 이전 버전으로 돌아가지 않습니다.
    .fix = 버전 태그를 지정하십시오. 다이제스트를 지정하면 더 좋습니다(`image: name:1.4.2@sha256:…`).

check-retired-image-registry = 운영이 종료된 이미지 레지스트리
    .message = 컨테이너 { $container }의 이미지 { $image }{ JOSA($image, "은/는") } 더 이상 관리되지 않는 레지스트리에서 제공됩니다.
    .why = 새 버전과 보안 패치가 올라오지 않으며, 언젠가는 이미지를 받을 수 없게 됩니다.
    .fix = 후속 레지스트리를 사용하십시오. 쿠버네티스 자체 이미지는 `registry.k8s.io`에 있습니다.

check-stale-image = 노드 캐시에 남은 가변 태그 이미지
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } { $image }{ JOSA($image, "을/를") } 노드가 처음 받은 상태 그대로 실행합니다.
    .why = 이 태그가 가리키는 이미지는 수시로 바뀝니다. 노드는 기존 이미지를 계속 사용하므로 패치되지 않은 옛 버전이 같은 이름으로 실행됩니다.
    .fix = 고정된 버전을 지정하거나 `imagePullPolicy: Always`를 설정하십시오.

check-vulnerable-add-on = 취약한 애드온
    .message = 컨테이너 { $container }의 이미지 { $image }에 취약점 { $id }{ JOSA($id, "이/가") } 있습니다.
    .why = 이 취약점으로 공격자가 클러스터 전체가 의존하는 구성 요소에서 코드를 실행하거나 자격 증명을 읽거나 검사를 우회할 수 있습니다.
    .fix = { $id }{ JOSA($id, "이/가") } 해결된 버전으로 업데이트하십시오.
